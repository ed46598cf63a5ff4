# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Debian packages: installing what is missing, and downloading packages that
# must not be installed (kernels). Package lists are brought up to date only if
# a package is not in them or a download fails, so that a machine which has all
# it needs does without a network. Sourced after lib.sh.

# shellcheck disable=SC2154 # build is set in lib.sh
apt_log=$build/apt.log

as_root()
{
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo -n "$@"
	else
		echo "not root, and there is no sudo"
		return 1
	fi
}

apt_quietly()
{
	mkdir -p "$build"
	"$@" </dev/null >>"$apt_log" 2>&1
}

apt_update()
{
	[ -n "$apt_updated" ] && return 1
	apt_updated=1
	say APT "bringing the package lists up to date"
	apt_quietly as_root apt-get -q update
}

# Is there a package of this name to be had?
apt_known()
{
	[ -n "$(apt-cache --no-all-versions show "$1" 2>/dev/null)" ]
}

apt_known_all()
{
	for apt_name; do
		apt_known "$apt_name" || return 1
	done
}

apt_install()
{
	apt_quietly as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get -q -y --no-install-recommends \
		-o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 install "$@"
}

# Field $2 (Version, Depends) of the package $1 that apt would install.
apt_field()
{
	apt-cache --no-all-versions show "$1" 2>/dev/null |
		sed -n "s/^$2: //p" | head -n 1
}

# The first dependency of $1 whose name matches the pattern $2.
apt_depends()
{
	apt_field "$1" Depends | sed 's/[,|]/\n/g' | sed 's/^ *//; s/[ (].*//' |
		grep -x -- "$2" | head -n 1
}

# Download package $1 into build/deb, unless that very version is there, and
# print the file's name. The _apt user's sandbox can't write to most people's
# folders, and apt warns about that: it does no harm, so run without it.
apt_download()
{
	apt_version=$(apt_field "$1" Version)
	[ -n "$apt_version" ] || return 1
	mkdir -p "$build/deb"
	apt_file=$(echo "$1_${apt_version}_" | sed 's/:/%3a/g')
	if ! ls "$build/deb/$apt_file"*.deb >/dev/null 2>&1; then
		(cd "$build/deb" &&
		 apt_quietly apt-get -q -o APT::Sandbox::User=root download "$1") ||
			return 1
	fi
	ls "$build/deb/$apt_file"*.deb
}

# apt_unpack FOLDER PACKAGE...: download packages, and unpack them there.
apt_unpack()
{
	apt_folder=$1
	shift
	for apt_package; do
		say FETCH "$apt_package"
		apt_deb=$(apt_download "$apt_package") &&
			dpkg-deb -x "$apt_deb" "$apt_folder" || return 1
	done
}

# apt-get with package lists of our own, in build/apt.
apt_get_own()
{
	apt_quietly apt-get -q -o APT::Sandbox::User=root \
		-o "Dir::Etc::SourceList=$build/apt/sources.list" \
		-o Dir::Etc::SourceParts=/dev/null -o "Dir::State::Lists=$build/apt/lists" "$@"
}

# The file in build/deb that is upstream's source of package $1.
apt_upstream()
{
	find "$build/deb" -name "$1_*.orig.tar.*z" | sort | tail -n 1
}

# Download the source of package $1 into build/deb, unless it is there, and print the name of
# upstream's file. Few machines have lists of sources, so these are our own, of the places
# where Debian's packages are found.
apt_source()
{
	if [ -z "$(apt_upstream "$1")" ]; then
		mkdir -p "$build/apt/lists/partial" "$build/deb"
		# shellcheck disable=SC2016 # for apt-get to expand
		apt-get indextargets --format 'deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)' \
			'Created-By: Packages' 'Origin: Debian' | sort -u >"$build/apt/sources.list"
		apt_get_own update &&
			(cd "$build/deb" && apt_get_own --download-only source "$1") || return 1
	fi
	apt_upstream "$1"
}
