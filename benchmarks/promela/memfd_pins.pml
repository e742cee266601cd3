/* memfd_pins for Spin. TASKS and PAGES come from the command line (spin -DTASKS=3 -DPAGES=5).
 *
 * One process, whose only state is the head of its loop: every option is one transition of the model for
 * fixed parameters, and a d_step, so that nothing in between is stored. Bit masks instead of arrays, since
 * Spin gives each element of an array of bits a byte of its own: the smaller state vector is the faster one.
 * A state that breaks the invariant is found when it is expanded, with one test for each state. */

/* The width of a field has to be a literal. */
#if TASKS == 2 && PAGES == 2
#define PINS 4
#elif TASKS == 3 && PAGES == 3
#define PINS 9
#elif TASKS == 4 && PAGES == 3
#define PINS 12
#elif TASKS == 3 && PAGES == 5
#define PINS 15
#endif

#define PIN(t, p) (1 << ((t) * PAGES + (p)))

unsigned mapped : TASKS;
unsigned writable : TASKS;
unsigned pinned : PINS;
unsigned data : PAGES;
bit sealed;

#if PAGES == 2
#define EACH_PAGE(do_it, t) do_it(t, 0) do_it(t, 1)
#elif PAGES == 3
#define EACH_PAGE(do_it, t) do_it(t, 0) do_it(t, 1) do_it(t, 2)
#elif PAGES == 5
#define EACH_PAGE(do_it, t) do_it(t, 0) do_it(t, 1) do_it(t, 2) do_it(t, 3) do_it(t, 4)
#endif

#if TASKS == 2
#define EACH_TASK(do_it) do_it(0) do_it(1)
#elif TASKS == 3
#define EACH_TASK(do_it) do_it(0) do_it(1) do_it(2)
#elif TASKS == 4
#define EACH_TASK(do_it) do_it(0) do_it(1) do_it(2) do_it(3)
#endif

#define ON_TASK(t) \
  :: d_step { !(mapped & (1 << t)) -> mapped = mapped | (1 << t) } \
  :: d_step { !(mapped & (1 << t)) && !sealed -> mapped = mapped | (1 << t); writable = writable | (1 << t) } \
  :: d_step { (writable & (1 << t)) -> writable = writable & ~(1 << t) } \
  :: d_step { (mapped & (1 << t)) && !(writable & (1 << t)) && !sealed -> writable = writable | (1 << t) } \
  :: d_step { (mapped & (1 << t)) -> mapped = mapped & ~(1 << t); writable = writable & ~(1 << t) } \
  EACH_PAGE(ON_PAGE, t)

#define ON_PAGE(t, p) \
  :: d_step { (writable & (1 << t)) && !(pinned & PIN(t, p)) -> pinned = pinned | PIN(t, p) } \
  :: d_step { (pinned & PIN(t, p)) -> pinned = pinned & ~PIN(t, p) } \
  :: d_step { (writable & (1 << t)) && (data & (1 << p)) -> data = data & ~(1 << p) } \
  :: d_step { (writable & (1 << t)) && !(data & (1 << p)) -> data = data | (1 << p) } \
  :: d_step { (pinned & PIN(t, p)) && (data & (1 << p)) -> data = data & ~(1 << p) } \
  :: d_step { (pinned & PIN(t, p)) && !(data & (1 << p)) -> data = data | (1 << p) }

active proctype kernel() {
  do
  EACH_TASK(ON_TASK)
  :: d_step { !sealed && !writable && !pinned -> sealed = 1 }
  :: d_step { sealed && (writable || pinned) -> assert(false) }
  od
}
