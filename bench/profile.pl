# SPDX-License-Identifier: GPL-2.0
#
# profile.pl FOLDER GUEST SIZE PERCENT: see bench/profile. Reads what comes from the host VM,
# and when the guest has begun has QEMU, whose monitor is in FOLDER, log some SIZE bytes
# of instructions; ends the machine, and prints the profile.

use strict;
use warnings;
use IO::Socket::UNIX;

my ($folder, $guest, $size, $percent) = @ARGV;
my $log = "$folder/log";

sub command
{
	my ($monitor, $text) = @_;

	print $monitor "$text\n";
	$monitor->flush();
}

# Have QEMU log what is executed until there is enough of it.
sub record
{
	my $monitor = IO::Socket::UNIX->new("$folder/monitor") or die "no monitor: $!\n";

	command($monitor, "logfile $log");
	command($monitor, "singlestep on");
	command($monitor, "log exec,nochain");
	for (my $i = 0; (-s $log || 0) < $size; $i++) {
		die "QEMU logs nothing\n" if $i == 600;
		select(undef, undef, undef, 0.1);
	}
	command($monitor, "log none");
	command($monitor, "quit");
	# It reads no more once nobody listens.
	while (<$monitor>) {}
}

# Addresses and names of the symbols of a file, or of what nm says, in order.
sub symbols
{
	my ($file, %wanted) = @_;
	my @symbols;

	while (<$file>) {
		my ($address, $type, $name, $module) = split;

		push @symbols, [$address, $name . ($module ? " $module" : "")]
			if $type =~ /^[tTwW]$/;
	}
	return sort { $a->[0] cmp $b->[0] } @symbols;
}

# The name of what is at an address, both of which are 16 digits.
sub name
{
	my ($address, $symbols) = @_;
	my ($low, $high) = (0, scalar(@$symbols));

	return "the guest" if $address lt "0000000000400000";
	return "the runner" if $address lt "8000000000000000";
	while ($high - $low > 1) {
		my $middle = int(($low + $high) / 2);

		if ($symbols->[$middle][0] le $address) {
			$low = $middle;
		} else {
			$high = $middle;
		}
	}
	return $symbols->[$low][1];
}

my $begun;
while (<STDIN>) {
	$begun = /^profile/;
	last if $begun;
	print STDERR $_ unless /^(row|functions|vectors) /;
}
die "the guest did not come to the operation\n" unless $begun;
record();
while (<STDIN>) {}

open(my $nm, "-|", "nm", $guest) or die "nm: $!\n";
my %at = map { $_->[1] => $_->[0] } symbols($nm);
my ($begin, $end) = ($at{ticks}, $at{profiled});

# Each operation's addresses with how often they were executed.
my (@operations, $current, $length);
open(my $trace, "<", $log) or die "$log: $!\n";
while (<$trace>) {
	my ($address) = m{^Trace \d+: \S+ \[[0-9a-f]+/([0-9a-f]{16})/} or next;

	if ($address eq $begin) {
		$current = {};
		$length = 0;
	} elsif ($address eq $end) {
		push @operations, [$length, $current] if $current;
		undef $current;
	}
	next unless $current;
	$current->{$address}++;
	$length++;
}
die "no operation is whole\n" unless @operations;

my %lengths;
$lengths{$_->[0]}++ for @operations;
my ($usual) = sort { $lengths{$b} <=> $lengths{$a} } keys %lengths;
my @usual = grep { $_->[0] == $usual } @operations;

open(my $kallsyms, "<", "$folder/symbols") or die "$folder/symbols: $!\n";
my @symbols = symbols($kallsyms);
my %count;
for my $operation (@usual) {
	while (my ($address, $times) = each %{$operation->[1]}) {
		$count{name($address, \@symbols)} += $times;
	}
}
printf "%7d instructions, timing included; %d of %d operations took as many\n", $usual,
	scalar(@usual), scalar(@operations);
my %module;
for my $name (keys %count) {
	$module{$name =~ /\[(.*)\]/ ? $1 : $name =~ /^the / ? $name : "kernel"} += $count{$name};
}
printf "%7d %s\n", $module{$_} / @usual, $_
	for sort { $module{$b} <=> $module{$a} } keys %module;
print "\n";
for my $name (sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count) {
	my $share = 100 * $count{$name} / @usual / $usual;

	printf "%7d %5.1f %%  %s\n", $count{$name} / @usual, $share, $name
		if $share >= $percent;
}
