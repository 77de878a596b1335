/* In: nothing. Out: what the parts of the engine share: values with origins, memory, paths, and who offers what.
 *
 * A value is known (`t` is 0), or it is `v` bytes beyond something unknown, whose origin is number `t`. Memory is
 * addressed the same way: known addresses, and a space of its own behind each unknown pointer.
 */
#ifndef WARDWATCH_ENGINE_CORE_H
#define WARDWATCH_ENGINE_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t i8;
typedef int16_t i16;
typedef int32_t i32;
typedef int64_t i64;

typedef struct {
    u64 v;
    u32 t;
} val;

enum { ARM, AARCH64, MIPS, POWERPC, X86, X86_64, MACHINES };

/* Origins. `size` and `negative` belong to DEREF: how many bytes were read, and whether their sign was extended. Of
 * RETURN, `size` tells apart what a helper got for one caller and for another. */
enum {
    O_NONE, O_UNKNOWN, O_ARGUMENT, O_RETURN, O_DEREF, O_GLOBAL, O_READ, O_OPEN, O_SOCKET, O_IMPORT, O_TEXT, O_SHIFT,
    O_MIXED, O_HOST, O_STACK, O_HEAP
};

typedef struct {
    u8 kind, size, negative, unused;
    u32 parent;
    u64 number;
} origin;

enum { PAGE = 128, PAGES_MAX = 2048, FRAMES = 16, REGISTERS = 40, TEXT_MAX = 1024, STACK_ROOM = 0x40000, LAST = 16 };
enum { OVER, INTO, CARRIER };
/* Marks: leads to what matters; reads what may be a key; reads or writes where its first argument leads, its second... */
enum { LEADS = 1, LISTENS = 2, USES = 16 };
#define RETURNS 0x7fedcba0u /* the address a function that was started here returns to */
#define STACK_TOP 0x7fd00000u
#define HEAP_BASE 0x70000000u

typedef struct {
    u32 refs;
    u8 data[PAGE];
    u32 tags[PAGE];
    u8 written[PAGE];
} page;

typedef struct {
    u32 t;
    u64 number;
    page *p;
} slot;

/* The outcome of a comparison: known, or one of those in `mask` (1 less, 2 equal, 4 greater). */
typedef struct {
    u8 n, z, c, v, known, mask;
    val a, b;
} flags;

/* The outcome of a comparison that is kept as a value of origin `t`. */
typedef struct {
    val a, b;
    u32 t, is_signed;
} lesser;

typedef struct {
    u64 back, sp, site;
    u32 function;
} frame;

typedef struct guard {
    struct guard *next;
    u32 t, relation, leaf; /* leaf: the origin that words are found for */
    i64 number, least; /* least: where the compared value is 0; what lies below it wraps in an unsigned comparison */
} guard;

typedef struct fact {
    struct fact *next;
    u32 t, event;
} fact;

typedef struct happening {
    struct happening *next;
    u32 event;
} happening;

typedef struct path {
    struct path *below;
    u64 last[LAST]; /* the latest decision at some branches: twice their address, and whether they were taken */
    val r[REGISTERS];
    flags f[8];
    lesser less[4]; /* of MIPS: comparisons whose outcomes registers hold */
    u8 q[512];
    u32 qt[512];
    u64 pc;
    u8 thumb, it, over, dead, leaving;
    bool stale; /* a function that was not followed may have written to the program's variables */
    u32 depth, steps, order, nguards, worn; /* worn: decisions that were made here often enough before */
    u64 heap, lowest; /* lowest: of the stack, what was written to since the last return */
    frame frames[FRAMES];
    guard *guards;
    fact *facts;
    happening *happened;
    slot *slots;
    u32 used, room;
} path;

typedef struct {
    u64 address, size, memory_size;
    const u8 *data;
    u8 writable, executable;
} segment;

typedef struct {
    u64 start, end, extent; /* extent: with what may belong to it behind its end */
    u32 thumb, enter; /* enter: whether calls are followed into it; CARRIER: what matters is called in there */
    u32 marks, unused;
} function;

typedef struct {
    u64 address;
    u32 model, import;
} import;

/* How an imported function is treated, see models.c; `event`: how its arguments are written down, '' for none. */
typedef struct {
    u32 model, unused;
    char event[16];
} rule;

typedef struct {
    u64 steps, paths, forks, cut_steps, cut_paths, cut_pages, cut_events, cut_tries, unknown_instructions, unresolved, outside,
        events, origins;
} counts;

typedef struct {
    u32 machine, bits, big, nsegments, nfunctions, nimports, nslots, nrules;
    u64 gp;
    const segment *segments;
    const function *functions;
    const import *imports; /* sorted by address */
    const import *slots;   /* addresses that hold a pointer to an import */
    const rule *rules;
    u64 max_steps, max_path_steps;
    u32 visits, max_paths, max_worn, tells_traps, is_static, max_idle_steps;
} settings;

typedef struct arena {
    struct arena *next;
    size_t used, room;
} arena;

typedef struct poke {
    u64 at;
    u8 byte, left, unknown;
} poke;

typedef struct engine {
    settings set;
    origin *origins;
    u32 norigins, origins_room, *origin_index, origin_slots;
    u8 *out;
    u64 out_used, out_room;
    u64 *seen;
    u32 nseen, seen_slots, *seen_number, *seen_at, nevents; /* seen_at: where the event begins */
    u64 *visit_keys;
    u32 *visit_counts, visit_slots, nvisits, nnew; /* nnew: what was seen for the first time: sides of conditions, and calls by a few ways */
    u8 *texts;
    u32 texts_used, texts_room;
    const segment *near; /* where the latest address was found */
    path *todo, *later; /* later: ways that begin as others did before */
    u32 ntodo;
    arena *small;
    counts count;
    u64 *sites; /* call sites of imports that were reached */
    u32 nsites, site_slots;
    bool out_failed, tells_data; /* tells_data: what is being written names something: a text, a peer */
    u8 hands_on; /* FROM_ARGUMENT, FROM_DATA: what is in what is being written */
    u32 root;
    struct poke *pokes; /* memory given to a call, and what became of it */
    u32 npokes, nvalues;
    const u64 *values;
    u8 *uses; /* for those who ask: bit n of a function's: what argument n leads to was read or written */
    bool returned, begins, at_start; /* at_start: what the file holds no bytes for is zero still (ELF, p_memsz) */
    val result;
} engine;

/* memory.c */
page *page_for(engine *e, path *p, u32 t, u64 number);
u8 read_byte(engine *e, path *p, val at, u32 *tag, bool *there);
void write_byte(engine *e, path *p, val at, u8 byte, u32 tag);
val load(engine *e, path *p, val at, u32 size, bool negative);
void store(engine *e, path *p, val at, u32 size, val what);
void forget_below(engine *e, path *p, u64 sp);
bool image_byte(const engine *e, u64 at, u8 *byte);
const segment *segment_at(const engine *e, u64 at);
bool code_word(const engine *e, u64 at, u32 size, u64 *word);
path *fork_path(engine *e, path *p);
path *fork_later(engine *e, path *p);
void drop_path(engine *e, path *p);
void *small_alloc(engine *e, size_t size);

/* values.c */
u32 origin_of(engine *e, u8 kind, u32 parent, u64 number, u8 size, bool negative);
val known(u64 v);
val unknown(engine *e, u32 kind, u64 number);
val mixed(engine *e, val a, val b);
val add(engine *e, val a, val b);
val sub(engine *e, val a, val b);
val shifted(engine *e, val a, int left);
val extend(engine *e, val a, u32 size, bool negative);
val both(engine *e, val a, val b, u64 result);
u64 cut(const engine *e, u64 v);
void compare(engine *e, flags *f, val a, val b, u32 bits);
void logic(engine *e, flags *f, val a, u32 bits);
bool add_overflows(u64 a, u64 b, u64 c, u32 bits, bool *carry);
bool evaluate(engine *e, path *p, val what, u32 leaf, u64 index, u64 *result, int depth);
u32 leaf_of(const engine *e, u32 t);
bool one_thing(const engine *e, u32 t);

/* paths.c */
enum { C_EQ, C_NE, C_HS, C_LO, C_MI, C_PL, C_VS, C_VC, C_HI, C_LS, C_GE, C_LT, C_GT, C_LE, C_AL, C_NV };
bool decide(engine *e, path *p, const flags *f, u32 condition, u64 at);
void go(engine *e, path *p, val to);
void call(engine *e, path *p, val to, u64 back);
void leave(engine *e, path *p);
void run_beside(engine *e, const path *p, val to, val given);
const function *function_at(const engine *e, u64 at);
extern const u8 stack_register[MACHINES];
/* running.c */
bool run_root(engine *e, u32 root);

/* written.c */
enum { FROM_ARGUMENT = 1, FROM_DATA = 2 };
bool put_bytes(engine *e, const void *bytes, u64 n);
void put32(engine *e, u32 v);
void put64(engine *e, u64 v);
bool is_full(const engine *e);
u64 *so_far(engine *e, u64 site);
u64 begin_event(engine *e);
u32 finish_event(engine *e, path *p, u64 from, const u8 *guards, u32 nguards);

/* guards.c */
enum { GUARDS_MAX = 64, GUARD_SIZE = 16 };
bool from_argument(const engine *e, u32 t);
bool from_data(const engine *e, u32 t);
u32 write_guards(const engine *e, const path *p, u8 *into);
u32 told(const engine *e, u32 t);
void forget_guards(engine *e, path *p, u32 t);
void share_guards(const engine *e, u8 *before, u32 nbefore, const u8 *others, u32 n);

/* models.c, texts.c, format.c, events.c */
void apply_rule(engine *e, path *p, u32 number);
val argument(engine *e, path *p, u32 n);
void give(engine *e, path *p, val what);
u32 link_of(const path *p, u32 t);
u32 text_tag(engine *e, u32 t);
u32 read_text(engine *e, path *p, val at, u8 *bytes, u32 *tags, u32 room, bool *whole);
void write_text(engine *e, path *p, val at, const u8 *bytes, const u32 *tags, u32 n, bool end);
u32 keep_text(engine *e, path *p, val at);
typedef struct {
    u32 next, kind; /* kind 0: arguments of the call; 1: memory at `at`; 2: x86-64 and AArch64 structures */
    val at, over;
    u64 gp_left;
} variadic;
val next_variadic(engine *e, path *p, variadic *list, bool wide);
u32 print_format(engine *e, path *p, val format, variadic *list, u8 *bytes, u32 *tags, u32 room);
variadic variadic_of(engine *e, path *p, u32 first);
variadic variadic_at(engine *e, path *p, val list);
u32 emit_event(engine *e, path *p, u32 number, const char *how);
void emit_trap(engine *e, path *p, val number, const val *given, u32 n);
void emit_edge(engine *e, path *p, u64 to);
void emit_store(engine *e, path *p, val at, val what);
u64 site_of(const path *p);
bool uses_file(engine *e, path *p, const function *f, val *result);
void outcome(engine *e, path *p, val at, u64 by);
void outcomes(engine *e, path *p, u64 by);

/* system_calls.c */
void system_call(engine *e, path *p);

/* one for each instruction set: executes the instruction at p->pc */
void step_a32(engine *e, path *p);
void step_t32(engine *e, path *p);
void step_aarch64(engine *e, path *p);
void step_mips(engine *e, path *p);
void step_powerpc(engine *e, path *p);
void step_x86(engine *e, path *p);

#endif
