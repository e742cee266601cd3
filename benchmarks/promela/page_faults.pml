/* page_faults for Spin. TASKS and PAGES come from the command line (spin -DTASKS=2 -DPAGES=3).
 *
 * One process, whose only state is the head of its loop: every option is one transition of the model for
 * fixed parameters, and a d_step, so that nothing in between is stored. The steps of the kernel's paths are
 * counted in variables, and there are bit fields instead of arrays, since Spin gives each element of an array
 * of bits a byte of its own: the smaller state vector is the faster one. A state that breaks an invariant is
 * found when it is expanded, with one test for each state. */

/* cache */
#define ABSENT 0
#define CLEAN 1
#define DIRTY 2
#define WRITEBACK 3
/* pte */
#define NONE 0
#define READ_ONLY 1
#define WRITABLE 2
/* fault */
#define F_LOOKUP 0
#define F_LOCK 1
#define F_CHECK_SIZE 2
#define F_MAP 3
#define F_UNLOCK 4
/* write_back */
#define W_LOCK 0
#define W_PROTECT 1
#define W_SUBMIT 2
#define W_END_IO 3
/* truncate */
#define T_LOWER_SIZE 0
#define T_UNMAP 1
#define T_LOCK 2
#define T_UNMAP_AGAIN 3
#define T_REMOVE 4
#define T_RAISE_SIZE 5

#if PAGES == 2
#define EACH_PAGE(do_it, t) do_it(t, 0) do_it(t, 1)
#elif PAGES == 3
#define EACH_PAGE(do_it, t) do_it(t, 0) do_it(t, 1) do_it(t, 2)
#endif
#define EACH_PAGE_ALONE(do_it) EACH_PAGE(do_it, unused)

#if TASKS == 1
#define EACH_TASK(do_it) do_it(0)
#define EACH_TASK_OF(do_it, p) do_it(0, p)
#elif TASKS == 2
#define EACH_TASK(do_it) do_it(0) do_it(1)
#define EACH_TASK_OF(do_it, p) do_it(0, p) do_it(1, p)
#elif TASKS == 3
#define EACH_TASK(do_it) do_it(0) do_it(1) do_it(2)
#define EACH_TASK_OF(do_it, p) do_it(0, p) do_it(1, p) do_it(2, p)
#endif

/* `page` is the number of the page plus one; zero is none. */
#define DECLARE_TASK(t) \
  unsigned fault##t : 3; \
  unsigned page##t : 2;
#define DECLARE_PAGE(unused, p) \
  unsigned cache##p : 2; \
  bit locked##p; \
  bit beyond##p; \
  unsigned write_back##p : 2; \
  unsigned truncate##p : 3; \
  EACH_TASK_OF(DECLARE_PTE, p)
#define DECLARE_PTE(t, p) unsigned pte_##t##_##p : 2;

EACH_TASK(DECLARE_TASK)
EACH_PAGE_ALONE(DECLARE_PAGE)

#define ON_TASK(t) \
  :: d_step { fault##t == F_MAP -> EACH_PAGE(MAP_IF, t) fault##t = F_UNLOCK } \
  :: d_step { fault##t == F_UNLOCK -> EACH_PAGE(UNLOCK_IF, t) fault##t = F_LOOKUP; page##t = 0 } \
  EACH_PAGE(ON_TASK_AND_PAGE, t)

#define MAP_IF(t, p) pte_##t##_##p = (page##t == p + 1 -> READ_ONLY : pte_##t##_##p);
#define UNLOCK_IF(t, p) locked##p = locked##p && page##t != p + 1;

#define ON_TASK_AND_PAGE(t, p) \
  :: d_step { fault##t == F_LOOKUP && !beyond##p && pte_##t##_##p == NONE -> \
       fault##t = F_LOCK; page##t = p + 1 } \
  :: d_step { fault##t == F_LOCK && page##t == p + 1 && !locked##p -> \
       locked##p = 1; fault##t = F_CHECK_SIZE } \
  :: d_step { fault##t == F_CHECK_SIZE && page##t == p + 1 && beyond##p -> \
       locked##p = 0; fault##t = F_LOOKUP; page##t = 0 } \
  :: d_step { fault##t == F_CHECK_SIZE && page##t == p + 1 && !beyond##p -> \
       cache##p = (cache##p == ABSENT -> CLEAN : cache##p); fault##t = F_MAP } \
  :: d_step { pte_##t##_##p == READ_ONLY && !locked##p && cache##p != WRITEBACK -> \
       pte_##t##_##p = WRITABLE; cache##p = DIRTY } \
  :: d_step { pte_##t##_##p != NONE -> pte_##t##_##p = NONE }

#define CLEAR_PTE(t, p) pte_##t##_##p = NONE;
#define PROTECT_PTE(t, p) pte_##t##_##p = (pte_##t##_##p == WRITABLE -> READ_ONLY : pte_##t##_##p);

#define ON_PAGE(unused, p) \
  :: d_step { write_back##p == W_LOCK && !locked##p && cache##p == DIRTY -> \
       locked##p = 1; write_back##p = W_PROTECT } \
  :: d_step { write_back##p == W_PROTECT -> EACH_TASK_OF(PROTECT_PTE, p) write_back##p = W_SUBMIT } \
  :: d_step { write_back##p == W_SUBMIT -> cache##p = WRITEBACK; locked##p = 0; write_back##p = W_END_IO } \
  :: d_step { write_back##p == W_END_IO -> cache##p = CLEAN; write_back##p = W_LOCK } \
  :: d_step { truncate##p == T_LOWER_SIZE -> beyond##p = 1; truncate##p = T_UNMAP } \
  :: d_step { truncate##p == T_UNMAP -> EACH_TASK_OF(CLEAR_PTE, p) truncate##p = T_LOCK } \
  :: d_step { truncate##p == T_LOCK && !locked##p && cache##p != WRITEBACK -> \
       locked##p = 1; truncate##p = T_UNMAP_AGAIN } \
  :: d_step { truncate##p == T_UNMAP_AGAIN -> EACH_TASK_OF(CLEAR_PTE, p) truncate##p = T_REMOVE } \
  :: d_step { truncate##p == T_REMOVE -> cache##p = ABSENT; locked##p = 0; truncate##p = T_RAISE_SIZE } \
  :: d_step { truncate##p == T_RAISE_SIZE -> beyond##p = 0; truncate##p = T_LOWER_SIZE }

#define BROKEN_PTE(t, p) \
  || (pte_##t##_##p != NONE && cache##p == ABSENT) || (pte_##t##_##p == WRITABLE && cache##p != DIRTY)
#define BROKEN_PAGE(unused, p) EACH_TASK_OF(BROKEN_PTE, p)

active proctype kernel() {
  do
  EACH_TASK(ON_TASK)
  EACH_PAGE_ALONE(ON_PAGE)
  :: d_step { (false EACH_PAGE_ALONE(BROKEN_PAGE)) -> assert(false) }
  od
}
