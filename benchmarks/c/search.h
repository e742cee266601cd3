/* Breadth-first search over states of one 64-bit word: the part that both hand-written programs share.
 *
 * The program that includes this file defines, before it does so,
 *     MAX_SUCCESSORS                              how many successors a state can have
 *     static State initial(void)
 *     static bool holds(State)                    the invariant, asked once for each new state
 *     static unsigned successors(State, State *)  writes them, says how many
 *
 * Visited states are in an open-addressing table with linear probing. Its cache misses are the whole cost, so
 * that successors are collected in batches: the slot of each is prefetched when it is collected, and looked at
 * when the batch is full. Pages of 2 MiB, where the kernel has them, save the misses of the TLB. */

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { BATCH = 512, FIRST_CAPACITY = 1 << 16 };

typedef struct {
    State *slots; /* a state plus one; zero is a free slot */
    size_t mask;
    size_t count;
} Table;

typedef struct {
    State *states;
    size_t count, capacity;
} Frontier;

static void *allocate(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        perror("mmap");
        exit(4);
    }
    madvise(memory, bytes, MADV_HUGEPAGE);
    return memory;
}

static inline size_t hash(State state)
{
    state ^= state >> 32;
    state *= 0x9E3779B97F4A7C15u;
    return state ^ state >> 29;
}

static void put(Table *table, State key)
{
    size_t slot = hash(key - 1) & table->mask;
    while (table->slots[slot])
        slot = (slot + 1) & table->mask;
    table->slots[slot] = key;
}

static void grow(Table *table)
{
    Table larger = { .mask = table->mask * 4 + 3, .count = table->count };
    larger.slots = allocate((larger.mask + 1) * sizeof(State));
    for (size_t slot = 0; slot <= table->mask; slot++)
        if (table->slots[slot])
            put(&larger, table->slots[slot]);
    munmap(table->slots, (table->mask + 1) * sizeof(State));
    *table = larger;
}

/* Whether the state is new. */
static inline bool insert(Table *table, State state)
{
    size_t slot = hash(state) & table->mask;
    for (; table->slots[slot]; slot = (slot + 1) & table->mask)
        if (table->slots[slot] == state + 1)
            return false;
    table->slots[slot] = state + 1;
    table->count++;
    return true;
}

static void append(Frontier *frontier, State state)
{
    if (frontier->count == frontier->capacity) {
        frontier->capacity = frontier->capacity ? frontier->capacity * 2 : 1024;
        frontier->states = realloc(frontier->states, frontier->capacity * sizeof(State));
        if (!frontier->states) {
            perror("realloc");
            exit(4);
        }
    }
    frontier->states[frontier->count++] = state;
}

static void take(Table *table, Frontier *next, const State *batch, size_t count)
{
    if ((table->count + count) * 2 > table->mask)
        grow(table);
    for (size_t i = 0; i < count; i++)
        if (insert(table, batch[i])) {
            if (!holds(batch[i])) {
                printf("violated\n");
                exit(1);
            }
            append(next, batch[i]);
        }
}

int main(void)
{
    static State batch[BATCH + MAX_SUCCESSORS];
    Table table = { .slots = allocate(FIRST_CAPACITY * sizeof(State)), .mask = FIRST_CAPACITY - 1 };
    Frontier now = { 0 }, next = { 0 };
    size_t transitions = 0, depth = 0, collected = 0;

    batch[0] = initial();
    take(&table, &now, batch, 1);
    while (now.count) {
        for (size_t i = 0; i < now.count; i++) {
            unsigned count = successors(now.states[i], batch + collected);
            for (unsigned k = 0; k < count; k++)
                __builtin_prefetch(&table.slots[hash(batch[collected + k]) & table.mask], 1);
            collected += count;
            transitions += count;
            if (collected >= BATCH) {
                take(&table, &next, batch, collected);
                collected = 0;
            }
        }
        take(&table, &next, batch, collected);
        collected = 0;
        depth += next.count > 0;
        Frontier done = now;
        now = next;
        next = done;
        next.count = 0;
    }
    printf("%zu states, %zu transitions, depth %zu\n", table.count, transitions, depth);
    return 0;
}
