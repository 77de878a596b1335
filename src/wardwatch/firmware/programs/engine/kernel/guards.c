/* In: the conditions on the way to a call. Out: those that can be told in words, and what several ways share. */
#include "core.h"

enum { ORIGIN_DEPTH = 16, POINTER = 0x7fffffff, NOTHING = 6 };

/* As it is written down; NOTHING as its relation: not every way has it. */
typedef struct {
    u32 t, relation;
    i64 number;
} written;

u32 told(const engine *e, u32 t) {
    for (int i = 0; i < ORIGIN_DEPTH; i++) {
        const origin *o = &e->origins[t];
        if (!o->parent || o->kind == O_READ || o->kind == O_HOST)
            break;
        t = o->parent;
    }
    return t;
}

bool from_argument(const engine *e, u32 t) { return t && e->origins[told(e, t)].kind == O_ARGUMENT; }

/* A variable that other functions may have written before. */
bool from_data(const engine *e, u32 t) { return t && e->origins[told(e, t)].kind == O_GLOBAL; }

static bool has_words(const engine *e, u32 t) {
    const origin *o = &e->origins[told(e, t)];
    switch (o->kind) {
    case O_ARGUMENT:
    case O_GLOBAL:
    case O_DEREF:
    case O_READ: return true;
    case O_RETURN: return (o->number & 0xffffffffu) != POINTER;
    default: return false;
    }
}

/* Whether the words for both are the same; two readings of one thing are. */
static bool same_words(const engine *e, u32 a, u32 b) {
    for (int i = 0; i < ORIGIN_DEPTH; i++) {
        a = told(e, a);
        b = told(e, b);
        const origin *x = &e->origins[a], *y = &e->origins[b];
        if (a == b)
            return true;
        if (x->kind != y->kind)
            return false;
        if (x->kind == O_RETURN)
            return (u32)x->number == (u32)y->number;
        if (x->kind != O_READ)
            return x->number == y->number;
        a = x->parent;
        b = y->parent;
    }
    return false;
}

static bool same(const engine *e, written a, written b) {
    return a.relation == b.relation && a.number == b.number && (a.t == b.t || same_words(e, a.t, b.t));
}

static bool among(const engine *e, written which, const u8 *from, u32 n) {
    for (u32 i = 0; i < n; i++) {
        written each;
        memcpy(&each, from + i * sizeof each, sizeof each);
        if (same(e, which, each))
            return true;
    }
    return false;
}

/* The path's conditions that have words, the latest first, each once; how many. */
u32 write_guards(const engine *e, const path *p, u8 *into) {
    u32 n = 0;
    for (const guard *g = p->guards; g; g = g->next) {
        const written this = {g->t, g->relation, g->number};
        if (has_words(e, g->leaf) && !among(e, this, into, n))
            memcpy(into + n++ * sizeof this, &this, sizeof this);
    }
    return n;
}

/* Of the guards written before, those stay that are among the others. */
void share_guards(const engine *e, u8 *before, u32 nbefore, const u8 *others, u32 n) {
    for (u32 i = 0; i < nbefore; i++) {
        written each;
        memcpy(&each, before + i * sizeof each, sizeof each);
        if (each.relation != NOTHING && !among(e, each, others, n)) {
            each.relation = NOTHING;
            memcpy(before + i * sizeof each, &each, sizeof each);
        }
    }
}

/* A fresh value has taken the place of an earlier one of this origin: what was said of that one does not hold for it. */
void forget_guards(engine *e, path *p, u32 t) {
    bool any = false;
    for (const guard *g = p->guards; g && !any; g = g->next)
        any = g->leaf == t;
    if (!any)
        return;
    guard *kept = NULL, **end = &kept;
    u32 n = 0;
    for (const guard *g = p->guards; g; g = g->next) {
        guard *copy = g->leaf == t ? NULL : small_alloc(e, sizeof *copy);
        if (!copy)
            continue;
        *copy = *g;
        copy->next = NULL;
        *end = copy;
        end = &copy->next;
        n++;
    }
    p->guards = kept;
    p->nguards = n;
}
