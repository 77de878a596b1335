/* In: a way through a function. Out: copies of it that go on by themselves, and memory that all of them share. */
#include <stdlib.h>

#include "core.h"

static path *copied(engine *e, path *p) {
    if (e->ntodo >= e->set.max_paths) {
        e->count.cut_paths++;
        return NULL;
    }
    path *copy = malloc(sizeof *copy);
    slot *slots = malloc(p->room * sizeof *slots);
    if (!copy || !slots) {
        free(copy);
        free(slots);
        e->count.cut_paths++;
        return NULL;
    }
    *copy = *p;
    copy->slots = slots;
    memcpy(slots, p->slots, p->room * sizeof *slots);
    for (u32 i = 0; i < p->room; i++)
        if (slots[i].p)
            slots[i].p->refs++;
    e->ntodo++;
    e->count.forks++;
    return copy;
}

static path *put_on(path **list, path *copy) {
    if (copy) {
        copy->below = *list;
        *list = copy;
    }
    return copy;
}

path *fork_path(engine *e, path *p) { return put_on(&e->todo, copied(e, p)); }

/* To be taken up when all that is new was seen; half of the room is kept for that. */
path *fork_later(engine *e, path *p) {
    if (e->ntodo >= e->set.max_paths / 2) {
        e->count.cut_tries++;
        return NULL;
    }
    return put_on(&e->later, copied(e, p));
}

void drop_path(engine *e, path *p) {
    (void)e;
    for (u32 i = 0; i < p->room; i++)
        if (p->slots[i].p && !--p->slots[i].p->refs)
            free(p->slots[i].p);
    free(p->slots);
    free(p);
}

/* Memory that lasts until the root is done. */
void *small_alloc(engine *e, size_t size) {
    size = (size + 15) & ~(size_t)15;
    if (!e->small || e->small->room - e->small->used < size) {
        const size_t room = 64 * 1024;
        arena *fresh = malloc(sizeof *fresh + room);
        if (!fresh || size > room) {
            free(fresh);
            return NULL;
        }
        *fresh = (arena){e->small, 0, room};
        e->small = fresh;
    }
    void *result = (u8 *)(e->small + 1) + e->small->used;
    e->small->used += size;
    return result;
}
