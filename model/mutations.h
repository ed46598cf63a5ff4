/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the models break on purpose, if it is chosen by -DMUTATION=NAME. Each has the
 * scenarios of scripts/model in which that has to be noticed, the property that it violates
 * (any of those, if there are several), and what it is.
 */
#ifndef MUTATION
#define MUTATION	0
#endif

#define BROKEN(mutation)	(MUTATION == mutation && mutation != 0)

/* Deciding and sending. */
#define SEND_UNLOCKED		1	/* direct: invented, forbidden: a trigger decides under the lock and sends after it */
#define DECIDE_UNLOCKED		2	/* direct: lost, forbidden: a trigger decides before it takes the lock */
#define READ_MESSAGE_UNLOCKED	3	/* direct: torn: a trigger reads the message's address before it takes the lock */
#define TRIGGER_IGNORES_MASK	4	/* direct: forbidden: a trigger does not look at the vector's mask */
#define TRIGGER_IGNORES_ENABLE	5	/* config: forbidden: a trigger does not look at whether messages are enabled */
#define TRIGGER_DROPS		6	/* direct: lost: a trigger that can't be sent is not made pending */
#define KEEP_PENDING		7	/* direct: invented, lost: what has been sent stays pending */
#define SEND_WHEN_DISCONNECTED	8	/* closing, closing-irqfd: late: messages are sent after the bridge has been closed */

#define WITHDRAW_DROPS_NOTHING	9	/* direct: invented: what has been withdrawn is sent */

/* A message to many. */
#define MANY_NOT_QUEUED		25	/* many: lost: a trigger queues no work item */
#define MANY_ANYWAY		26	/* many: invented: the work item sends whether anything is pending or not */
#define WRITE_UNSETTLED		27	/* many, many-config: forbidden: a write does not wait for what is being sent */
#define RESET_UNSETTLED		28	/* many: forbidden: nor does a reset */
#define CLOSE_UNSETTLED		29	/* many-closing: late: nor does closing the bridge */

/* Writes of the guest. */
#define NO_FLUSH_ON_UNMASK	10	/* direct: lost: unmasking a vector sends nothing */
#define MASK_POSTED		11	/* direct: forbidden: a write to a vector's mask completes before it takes effect */
#define SPLIT_WRITE		12	/* direct: torn: a write of eight bytes is taken in two */
#define NO_FLUSH_ON_ENABLE	13	/* config: lost: enabling MSI-X sends nothing */
#define NO_FLUSH_ON_FUNCTION_UNMASK 14	/* config: lost: clearing the function mask sends nothing */
#define NO_FLUSH_ON_BUS_MASTER	15	/* config: lost: enabling bus mastering sends nothing */
#define IGNORE_ENABLE		16	/* config: forbidden: the enable bit is not looked at */
#define IGNORE_FUNCTION_MASK	17	/* config: forbidden: the function mask is not looked at */
#define IGNORE_BUS_MASTER	18	/* config: forbidden: bus master enable is not looked at */
#define FOLLOW_UNLOCKED		19	/* config: forbidden, lost: what follows from a register is set in another hold of the lock */
#define LOOK_EARLY		21	/* config: lost: what is pending is looked at before a register is written */
#define DISABLE_DROPS_PENDING	20	/* config: lost: disabling clears the pending bit */

/* Reset. */
#define RESET_KEEPS_PENDING	30	/* direct: invented: a reset leaves the vector pending */
#define RESET_KEEPS_MASK	31	/* direct: forbidden: a reset leaves the vector unmasked */
#define RESET_KEEPS_ENABLED	32	/* direct: forbidden: a reset leaves messages enabled */
#define RESET_KEEPS_VERSION	33	/* irqfd: stale: a reset is no new version of the message */

/* Eventfds, and their listeners. */
#define IGNORE_COUNT		40	/* direct, irqfd-bind: lost: what an eventfd has when it is bound is ignored */
#define INVENT_COUNT		41	/* direct, irqfd-bind: invented: binding triggers whatever the eventfd has */
#define TAKE_BEFORE_LISTENING	42	/* direct, irqfd-bind: lost: what an eventfd has is taken before listening to it */
#define NOT_FLUSHED		43	/* irqfd-bind: late: removing a binding leaves the work item queued */
#define NOT_AWAITED		44	/* irqfd-bind: late: removing a binding does not wait for a work item that runs */
#define CANCELLED		47	/* irqfd-bind: lost: removing a binding cancels the work item */
#define IDLE_AFTER_RUN		45	/* irqfd: lost: the work item can be queued again only once it has run */
#define NOT_DEFERRED		46	/* irqfd: lost: an irqfd is signalled from where the source's eventfd is */

/* Routes. */
#define TRIGGER_IGNORES_ROUTE	50	/* irqfd: stale: a trigger does not look at the route */
#define FLUSH_IGNORES_ROUTE	51	/* irqfd: stale: what sends pending messages does not look at the route */
#define NO_FLUSH_ON_CONFIRM	52	/* irqfd: lost: confirming a route sends nothing */
#define CONFIRM_ANY		53	/* irqfd: stale: a confirmation holds for whatever the message is now */
#define CONFIRM_FORGETS		54	/* irqfd-rest: cycle: a confirmation is accepted and forgotten */
#define CONFIRM_EARLY		55	/* irqfd: stale: userspace confirms before KVM has the route */
#define GET_ROUTE_TWICE		56	/* irqfd: stale: message and version are read in two holds of the lock */
#define KEEP_VERSION		57	/* irqfd: stale: a write to the message is no new version */
#define VERSION_LATER		58	/* irqfd: stale: it becomes one in another hold of the lock than the write */
#define NO_ASK_ON_MESSAGE	59	/* irqfd: lost: userspace is not told of a new message */
#define NO_ASK_ON_UNMASK	60	/* irqfd: lost: userspace is not told of a vector that is unmasked */
#define NO_ASK_ON_ENABLE	61	/* irqfd, irqfd-config: lost: userspace is not told of messages being enabled */
#define ASK_ONLY_AT_TRIGGER	62	/* irqfd: lost: userspace is told by triggers only */
#define TWO_LAUNCHERS		63	/* irqfd: stale: two threads make the routes of a vector */

/* Handing over to an irqfd, and taking back. */
#define IRQFD_FIRST		110	/* handover, handover-irqfd: forbidden, invented, stale: the irqfd is made before the module knows */
#define WRITE_COMPLETES_FIRST	111	/* handover, handover-irqfd: forbidden, stale: a write that recalls completes before the vector is taken back */
#define NO_RECALL_ON_MASK	112	/* handover, handover-irqfd: forbidden: masking recalls nothing */
#define KEEP_CONFIRMED		113	/* handover, handover-irqfd: stale: a new message recalls nothing */
#define KEEP_LISTENING		114	/* handover: invented, forbidden: the module goes on to listen */
#define RESUME_FORGETS		115	/* handover: lost: what has come when the module listens again is ignored */
#define NO_ASK_ON_TAKE_BACK	116	/* handover-irqfd: lost: userspace is not told of a vector that is allowed again when it is taken back */
#define HAND_MASKED		117	/* handover, handover-irqfd: forbidden: a vector that is masked is handed over */
#define HAND_ANY_VERSION	118	/* handover, handover-irqfd: stale: it is whatever the message is now */
#define TAKE_BACK_EARLY		119	/* handover, handover-irqfd: invented, forbidden, stale: the module listens before the irqfd has gone */
#define EXIT_ONLY_IF_CAUSED	120	/* handover, handover-irqfd: forbidden, stale: a write ends as an exit only if it is the one that recalls */
#define NO_LOCK_OF_VMM		121	/* handover: lost, forbidden, stale, invented: one thread hands over while another takes back */
#define PENDING_STAYS		122	/* handover-irqfd: lost: what is pending when a vector is handed over stays so */

/* Flushing a function. */
#define ONE_BATCH		70	/* flush: lost: one batch is all that is sent */
#define FLUSH_ALL		71	/* flush: unbounded: all is sent in one hold of the lock */
#define FLUSH_OLD_LIST		72	/* flush: invented: what is pending is looked up once, for all batches */
#define FLUSH_WITHOUT_ENABLE	73	/* flush: forbidden: flushing goes on though messages have been disabled again */
#define FLUSH_WITHOUT_MASK	74	/* flush: forbidden: flushing does not look at vectors' masks */
#define CLEAR_WORD		75	/* flush: lost: a word counts as empty when one of its bits has been cleared */
#define FLUSH_AGAIN		95	/* flush: endless: after a message to many all vectors are looked at again */

/* Fewer vectors of MSI than there are. */
#define COUNT_UNLOCKED		76	/* msi: lost, invented: a trigger looks at how many are enabled before it takes the lock */
#define NO_FOLD			77	/* msi: lost, invented: what is pending of vectors that are gone stays there */
#define FOLD_DROPS		78	/* msi: lost: it is dropped with them */
#define STAYS_FOLDED		96	/* msi: lost, invented: what is pending in another's place stays there when its own is back */
#define WITHDRAW_ALL		97	/* msi: lost: withdrawing a vector withdraws all that are pending in its place */
#define NO_FLUSH_OF_MSI		79	/* msi: lost: a write to the capability sends nothing */

/* INTx. */
#define NO_FOLLOW_ON_RAISE	80	/* intx: lost: raising the pin has no effect */
#define NO_FOLLOW_ON_ENABLE	81	/* intx: lost: enabling INTx while the pin is high has no effect */
#define NO_FOLLOW_ON_ACK	82	/* intx: lost: an acknowledgment while the pin is high has no effect */
#define NO_FOLLOW_ON_ROUTE	83	/* intx-routes: lost: a route that is set while the pin is high has no effect */
#define IGNORE_DISABLE		84	/* intx-rest: cycle: INTx disable is not looked at */
#define SIGNAL_FIRST		85	/* intx: lost: KVM is told before it is noted that it has been */
#define EVALUATE_NOT_AGAIN	86	/* intx: lost: evaluation can be queued again only once it has run */
#define ACK_KEEPS_SIGNALLED	87	/* intx: lost: after an acknowledgment KVM still counts as told */
#define TELL_ONE_SHARER		88	/* intx: lost: KVM tells one of those who share the line */
#define ROUTE_KEEPS_SIGNALLED	89	/* intx-routes: lost: a new route counts as signalled if the old one was */
#define ACK_KEEPS_LEVEL		90	/* intx-source-rest: cycle: an acknowledgment leaves the pin high */
#define TELL_NOBODY		91	/* intx-source: lost: the source is not told of an acknowledgment */
#define TELL_FIRST		92	/* intx-source: lost: the source is told before the pin is lowered */
#define NO_FOLLOW_ON_LOWER	93	/* intx-reset: lost: the source is told of acknowledgments, not of other ways to lower the pin */
#define RESET_TELLS_NOBODY	94	/* intx-reset: lost: a reset leaves a source without an answer */
