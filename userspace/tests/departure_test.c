// SPDX-License-Identifier: GPL-2.0
/* Functions that have gone, and whose device models take their time to end. */
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "departure.h"
#include "model.h"
#include "spec.h"
#include "test.h"

static int may_end;
static unsigned int nr_ended;

/* Until the test lets it. */
static void destroy(void *state)
{
	struct pollfd fd = { .fd = *(int *)state, .events = POLLIN };

	while (poll(&fd, 1, -1) != 1)
		;
}

static void count_end(void *context)
{
	EXPECT(context == &nr_ended);
	nr_ended++;
}

static void begin(struct departures *departures, const struct function *port)
{
	static const struct device_model model = { .destroy = destroy };
	static const struct device_spec spec = { .model = &model };
	const struct function detached = { .spec = &spec, .model_state = &may_end };

	departure_begin(departures, &detached, port, count_end, &nr_ended);
}

static void waits_for_nobody(void)
{
	static const struct function ports[2];
	struct departures departures = { .event = eventfd(0, 0) };
	struct pollfd event = { .fd = departures.event, .events = POLLIN };

	may_end = eventfd(0, 0);
	nr_ended = 0;
	begin(&departures, &ports[0]);
	begin(&departures, &ports[0]);
	departures_end(&departures, false);
	EXPECT(!nr_ended);
	EXPECT(departures_has(&departures, &ports[0]) && !departures_has(&departures, &ports[1]));
	eventfd_write(may_end, 1);
	EXPECT(poll(&event, 1, 60000) == 1);
	departures_end(&departures, true);
	EXPECT(nr_ended == 2);
	EXPECT(!departures_has(&departures, &ports[0]));
	close(may_end);
	close(departures.event);
}

const struct test departure_tests[] = {
	{ "waits for nobody", waits_for_nobody },
	{ NULL, NULL },
};
