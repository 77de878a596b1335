/* In: a function to start from. Out: every way through it, as far as the bounds allow: branches, calls, returns. */
#include <stdlib.h>

#include "core.h"

enum { DEPTH_MAX = 6, TABLE_MAX = 128, LEAVING_MAX = 8, BOUNDED_MAX = 512 };

const u8 stack_register[MACHINES] = {13, 31, 29, 1, 4, 4};

const function *function_at(const engine *e, u64 at) {
    u32 low = 0, high = e->set.nfunctions;
    while (low < high) {
        const u32 middle = (low + high) / 2;
        if (e->set.functions[middle].start <= at)
            low = middle + 1;
        else
            high = middle;
    }
    if (!low || at >= e->set.functions[low - 1].end)
        return NULL;
    return &e->set.functions[low - 1];
}

static u64 plain(const engine *e, u64 at) { return e->set.machine == ARM ? at & ~1ull : at; }

static const import *import_at(const engine *e, u64 at) {
    u32 low = 0, high = e->set.nimports;
    while (low < high) {
        const u32 middle = (low + high) / 2;
        if (e->set.imports[middle].address < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low < e->set.nimports && e->set.imports[low].address == at ? &e->set.imports[low] : NULL;
}

u64 site_of(const path *p) { return p->pc; }

static u32 *counted(engine *e, u64 key) {
    key = key * 0x9e3779b97f4a7c15u | 1;
    u32 i = (u32)(key >> 40) & (e->visit_slots - 1);
    while (e->visit_keys[i] && e->visit_keys[i] != key)
        i = (i + 1) & (e->visit_slots - 1);
    if (!e->visit_keys[i]) {
        if (e->nvisits * 4 > e->visit_slots * 3)
            return NULL;
        e->nvisits++;
        e->visit_keys[i] = key;
        e->visit_counts[i] = 0;
    }
    return &e->visit_counts[i];
}

static u32 *visits(engine *e, const path *p, u64 at, bool taken) {
    return counted(e, at * 2 + taken + (p->depth ? p->frames[p->depth - 1].site << 33 : 0));
}

/* Whether this side of a condition is taken for the first time, wherever the function was called from. */
static bool is_new(engine *e, u64 at, bool taken) {
    u32 *seen = counted(e, at * 2 + taken + (1ull << 63));
    if (!seen || *seen)
        return false;
    *seen = 1;
    e->nnew++;
    return true;
}

static bool holds(const flags *f, u32 condition) {
    bool result = true;
    switch (condition >> 1) {
    case 0: result = f->z; break;
    case 1: result = f->c; break;
    case 2: result = f->n; break;
    case 3: result = f->v; break;
    case 4: result = f->c && !f->z; break;
    case 5: result = f->n == f->v; break;
    case 6: result = !f->z && f->n == f->v; break;
    default: return true;
    }
    return (condition & 1) ? !result : result;
}

static const u8 truth[16] = {2, 5, 6, 1, 1, 6, 0, 7, 4, 3, 6, 1, 4, 3, 7, 7};
static const u8 relations[16] = {0, 1, 5, 2, 2, 5, 6, 6, 4, 3, 5, 2, 4, 3, 6, 6};
static const u8 mirrored[6] = {0, 1, 4, 5, 2, 3};

static void remember(engine *e, path *p, val a, val b, u32 condition, bool taken) {
    u32 relation = relations[taken ? condition : condition ^ 1];
    if (relation == 6 || p->nguards >= GUARDS_MAX || !a.t == !b.t)
        return;
    if (b.t) {
        const val other = a;
        a = b;
        b = other;
        relation = mirrored[relation];
    }
    guard *g = small_alloc(e, sizeof *g);
    if (!g)
        return;
    const u64 number = b.v - a.v;
    const u64 least = -a.v;
    *g = e->set.bits == 32 ? (guard){p->guards, a.t, relation, told(e, a.t), (i32)number, (i32)least}
                           : (guard){p->guards, a.t, relation, told(e, a.t), (i64)number, (i64)least};
    p->guards = g;
    p->nguards++;
}

/* Whether the condition holds; where that is unknown both answers are tried, each a bounded number of times.
 *
 * The other answer becomes a path that begins with this instruction again, its first decision already made. So an
 * instruction decides before it changes anything.
 */
bool decide(engine *e, path *p, const flags *f, u32 condition, u64 at) {
    if (condition >= C_AL)
        return true;
    flags *mine = (flags *)f;
    const u8 yes = f->mask & truth[condition], no = f->mask & ~truth[condition] & 7;
    u64 *last = &p->last[(at >> 1) & (LAST - 1)];
    if (p->over) {
        const bool forced = p->over == 2;
        p->over = 0;
        *last = at << 1 | forced;
        remember(e, p, f->a, f->b, condition, forced);
        mine->mask = forced ? yes : no;
        return forced;
    }
    if (f->known)
        return holds(f, condition);
    if (!yes || !no)
        return yes != 0;
    if (e->values) { /* all that was given is known: what it does rests on something else */
        p->dead = 1;
        return false;
    }
    u32 *taken = visits(e, p, at, true), *passed = visits(e, p, at, false);
    const u32 ntaken = taken ? *taken : e->set.visits, npassed = passed ? *passed : e->set.visits;
    bool first = ntaken < npassed || (ntaken == npassed && p->steps & 1);
    if (ntaken >= e->set.visits && npassed >= e->set.visits && *last >> 1 == at)
        first = *last & 1; /* a loop that was left both ways: on to where its counter ends it */
    *last = at << 1 | first;
    const bool other_fits = (first ? npassed : ntaken) < e->set.visits;
    if (other_fits) {
        const bool is_new = !(first ? npassed : ntaken);
        path *other = is_new ? fork_path(e, p) : fork_later(e, p);
        if (other) {
            other->over = first ? 1 : 2;
            if (first ? passed : taken)
                ++*(first ? passed : taken);
        }
    } else {
        if (++p->worn > e->set.max_worn) {
            e->count.cut_tries++;
            p->dead = 1;
            return false;
        }
    }
    if (first ? taken : passed)
        ++*(first ? taken : passed);
    is_new(e, at, first);
    remember(e, p, f->a, f->b, condition, first);
    mine->mask = first ? yes : no;
    return first;
}

/* Back to the caller, without the rest of this function. */
void leave(engine *e, path *p) {
    static const u8 link[MACHINES] = {14, 30, 31, 32, 0, 0};
    const u32 machine = e->set.machine;
    if (++p->leaving > LEAVING_MAX) { /* returns into imports, again and again */
        p->dead = 1;
        return;
    }
    if (machine == X86 || machine == X86_64) {
        const u32 word = e->set.bits / 8;
        const val back = load(e, p, p->r[4], word, false);
        p->r[4] = add(e, p->r[4], known(word));
        go(e, p, back);
        return;
    }
    go(e, p, p->r[link[machine]]);
}

typedef struct {
    i64 first, last;
    bool is_sure;
} bounds;

/* What an index may be, as the last comparison on this way has it. */
static bounds bounds_of(const path *p, u32 leaf) {
    for (const guard *g = p->guards; g; g = g->next) {
        const i64 last = g->relation == 2 ? g->number - 1 : g->number;
        if (g->t == leaf && (g->relation == 2 || g->relation == 3) && last >= g->least && last - g->least < BOUNDED_MAX)
            return (bounds){g->least, last, true};
    }
    return (bounds){0, TABLE_MAX - 1, false};
}

static void case_of(engine *e, path *p, u64 target, u32 leaf, i64 index) {
    path *other = fork_path(e, p);
    if (!other)
        return;
    remember(e, other, (val){0, leaf}, known((u64)index), C_EQ, true);
    other->pc = plain(e, target);
}

static u32 cases(engine *e, path *p, val to, u32 leaf, const function *f) {
    const bounds range = bounds_of(p, leaf);
    u64 last = 0;
    u32 found = 0;
    for (i64 i = range.first; i <= range.last; i++) {
        u64 target;
        const bool fits = evaluate(e, p, to, leaf, (u64)i, &target, 0) && plain(e, target) >= f->start &&
                          plain(e, target) < f->extent;
        if (!fits && found && !range.is_sure)
            break; /* behind the table's end; at first we may be before its start */
        if (!fits || (found && target == last))
            continue;
        last = target;
        found++;
        case_of(e, p, target, leaf, i);
    }
    return found;
}

static void table(engine *e, path *p, val to) {
    const function *f = function_at(e, p->pc);
    const u32 leaf = leaf_of(e, to.t);
    u32 *seen = visits(e, p, p->pc | 1ull << 40, true), found = 0; /* a key apart from that of the condition */
    if (f && leaf != to.t && !e->values && (!seen || *seen < e->set.visits)) {
        if (seen)
            ++*seen;
        found = cases(e, p, to, leaf, f);
    }
    if (!found)
        e->count.unresolved++;
    p->dead = 1;
}

static bool is_back(const path *p, u64 to, u64 sp) {
    return p->depth && p->frames[p->depth - 1].back == to && sp >= p->frames[p->depth - 1].sp;
}

static void skip_function(engine *e, path *p, const function *f) {
    const u64 number = 0x80000000u | (u64)(f - e->set.functions);
    outcomes(e, p, number);
    p->stale = true; /* it may have written anywhere */
    e->at_start = false;
    /* A static program's allocator has no name: what it returns in a helper is another thing for each caller of that. */
    const u64 from = e->set.is_static && p->depth ? p->frames[p->depth - 1].site * 0x9e3779b97f4a7c15u >> 56 : 0;
    give(e, p, (val){0, origin_of(e, O_RETURN, 0, number | (p->pc & 0xffffffffu) << 32, (u8)from, false)});
    leave(e, p);
}

/* From a function that may read a key to one that leads to what matters: which key that takes. */
static void passes(engine *e, path *p, const function *f) {
    if (!p->depth && e->set.functions[e->root].marks & LISTENS && f->marks & LEADS && !e->set.tells_traps)
        emit_edge(e, p, f->start);
}

static void imported(engine *e, path *p, u32 number) {
    apply_rule(e, p, number);
    if (!p->dead)
        leave(e, p);
}

/* A function that was called with values is done: what it returns, and what it left in the memory given to it. */
static void returned(engine *e, path *p) {
    static const u8 result[MACHINES] = {0, 0, 2, 3, 0, 0};
    e->returned = true;
    e->result = p->r[result[e->set.machine]];
    for (u32 i = 0; i < e->npokes; i++) {
        u32 tag;
        bool there;
        e->pokes[i].left = read_byte(e, p, known(e->pokes[i].at), &tag, &there);
        e->pokes[i].unknown = tag != 0;
    }
}

/* longjmp() and unwinding: control comes back into a function that called those that are left, below nothing of its own. */
static bool comes_back(engine *e, path *p, u64 at, u64 sp) {
    for (u32 i = p->depth; i-- > 0;) {
        const function *caller = &e->set.functions[i ? p->frames[i - 1].function : e->root];
        if (at > caller->start && at < caller->extent && sp >= p->frames[i].sp) {
            p->depth = i;
            forget_below(e, p, sp);
            return true;
        }
    }
    return false;
}

/* Control passes to `to`: a jump, a return or a tail call. For ARM bit 0 tells the instruction set. */
void go(engine *e, path *p, val to) {
    if (to.t) {
        if (e->origins[to.t].kind == O_IMPORT && !to.v)
            imported(e, p, (u32)e->origins[to.t].number);
        else
            table(e, p, to);
        return;
    }
    const u64 at = plain(e, to.v);
    if (at == plain(e, RETURNS)) {
        if (e->values)
            returned(e, p);
        p->dead = 1;
        return;
    }
    const u64 sp = p->r[stack_register[e->set.machine]].v;
    const function *here = function_at(e, p->pc);
    const bool inside = here && at >= here->start && at < here->extent;
    if (is_back(p, to.v, sp)) {
        p->depth--;
        forget_below(e, p, sp);
    } else if (inside || !comes_back(e, p, at, sp)) {
        const import *found = import_at(e, at);
        if (found) {
            imported(e, p, found->import);
            return;
        }
        const function *f = function_at(e, at);
        if (f && f != here && f->start == at && !inside)
            passes(e, p, f);
        if (f && f != here && f->start == at && !f->enter && !inside) {
            skip_function(e, p, f);
            return;
        }
        if (!segment_at(e, at)) {
            e->count.outside++;
            p->dead = 1;
            return;
        }
    }
    if (e->set.machine == ARM)
        p->thumb = to.v & 1;
    p->pc = at;
}

static bool is_running(const engine *e, const path *p, const function *f) {
    if (f == &e->set.functions[e->root])
        return true;
    for (u32 i = 0; i < p->depth; i++)
        if (&e->set.functions[p->frames[i].function] == f)
            return true;
    return false;
}

/* Where a call returns to. */
static void arrive(engine *e, path *p, u64 back) {
    static const u8 link[MACHINES] = {14, 30, 31, 32, 0, 0};
    const u32 machine = e->set.machine, word = e->set.bits / 8;
    if (machine == X86 || machine == X86_64) {
        p->r[4] = sub(e, p->r[4], known(word));
        store(e, p, p->r[4], word, known(back));
    } else {
        p->r[link[machine]] = known(back);
    }
}

static void enter(engine *e, path *p, const function *f, val to) {
    p->frames[p->depth++].function = (u32)(f - e->set.functions);
    if (e->set.machine == MIPS)
        p->r[25] = to;
    if (e->set.machine == ARM)
        p->thumb = to.v & 1;
    p->pc = plain(e, to.v);
}

/* A call: into the function where it is one worth following, else over it. `back` is where it returns to. */
void call(engine *e, path *p, val to, u64 back) {
    const u64 sp = p->r[stack_register[e->set.machine]].v;
    arrive(e, p, back);
    if (p->depth < FRAMES)
        p->frames[p->depth] = (frame){back, sp, p->pc, 0};
    if (to.t && e->origins[to.t].kind != O_IMPORT) {
        e->count.unresolved++;
        outcomes(e, p, 0x7fffffffu);
        give(e, p, unknown(e, O_RETURN, 0x7fffffffu | (p->pc & 0xffffffffu) << 32));
        leave(e, p);
        return;
    }
    const function *f = to.t ? NULL : function_at(e, plain(e, to.v));
    if (f && f->start == plain(e, to.v) && !import_at(e, plain(e, to.v))) {
        passes(e, p, f);
        const u32 deepest = e->values ? FRAMES : DEPTH_MAX; /* with known values there is one way only */
        if (!f->enter || p->depth >= deepest || (!e->values && is_running(e, p, f))) {
            skip_function(e, p, f);
            return;
        }
        val result;
        if (e->set.is_static && f->enter != CARRIER && uses_file(e, p, f, &result)) {
            give(e, p, result);
            leave(e, p);
            return;
        }
        enter(e, p, f, to);
        return;
    }
    go(e, p, to);
}

/* A function that is run beside this way, or later: a thread, a handler. It gets `given` and returns to nobody. */
void run_beside(engine *e, const path *p, val to, val given) {
    static const u8 first[MACHINES] = {0, 0, 4, 3, 0, 7};
    const u32 machine = e->set.machine, word = e->set.bits / 8;
    const function *f = to.t ? NULL : function_at(e, plain(e, to.v));
    if (!f || f->start != plain(e, to.v) || p->depth >= DEPTH_MAX || is_running(e, p, f))
        return;
    path *other = fork_path(e, (path *)p);
    if (!other)
        return;
    if (machine == X86) {
        other->r[4] = sub(e, other->r[4], known(word));
        store(e, other, other->r[4], word, given);
    } else {
        other->r[first[machine]] = given;
    }
    const val sp = other->r[stack_register[machine]];
    arrive(e, other, RETURNS);
    other->frames[other->depth] = (frame){RETURNS, sp.v, other->pc, 0};
    enter(e, other, f, to);
}
