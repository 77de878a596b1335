/* In: segments in the order of the packets. Out: the same, conversation after conversation, and in rows without a flaw.
 *
 * Conversations come in the order of their first segment. What one side sent in a row becomes one run, its bytes one
 * behind the other, so that whoever reads them takes a step for each run and not for each packet.
 */
#include "kernel.h"

#include <stdlib.h>

typedef struct {
    u32 *slots;   /* open addressing: 1 + a group's number */
    u32 mask;
    u32 *group;   /* of each segment: twice its conversation's number, and one more for a side that comes second */
    u32 *flow;    /* of each conversation */
    u32 *place;   /* of each group: where its next segment goes */
    u32 groups;
} sorting;

static u32 group_of(sorting *s, u32 flow) {
    u32 at = id_hash(flow) & s->mask;
    for (; s->slots[at]; at = (at + 1) & s->mask)
        if (s->flow[s->slots[at] - 1] == flow)
            return s->slots[at] - 1;
    s->slots[at] = s->groups + 1;
    s->flow[s->groups] = flow;
    return s->groups++;
}

static void sort(sorting *s, const segment *in, u32 n, segment *out) {
    for (u32 i = 0; i < n; i++) {
        s->group[i] = 2 * group_of(s, in[i].flow) + (in[i].apart && in[i].side);
        s->place[s->group[i]]++;
    }
    for (u32 g = 0, sum = 0; g < 2 * s->groups; g++) {
        const u32 begin = sum;
        sum += s->place[g];
        s->place[g] = begin;
    }
    for (u32 i = 0; i < n; i++)
        out[s->place[s->group[i]]++] = in[i];
}

static bool plain(const segment *s) { return s->length && s->length == s->n && !(s->flags & (FIN | SYN | RST)); }

static bool continues(const run *r, const segment *s) {
    return r->flow == s->flow && r->side == s->side && r->flawless && plain(s) && r->seq + r->length == s->seq;
}

static run begun(const segment *s, u32 i) {
    return (run){
        .time = s->time, .last_time = s->time, .channel = s->channel, .flow = s->flow, .seq = s->seq,
        .length = s->length, .first = i, .count = 1, .at = s->at, .n = s->n, .number = s->number,
        .last_number = s->number, .file = s->file, .last_file = s->file, .codec = s->codec, .side = s->side,
        .flags = s->flags, .flawless = plain(s), .apart = s->apart != 0,
    };
}

static void extend(run *r, const segment *s) {
    r->length += s->length;
    r->n += s->n;
    r->count++;
    r->last_time = s->time;
    r->last_number = s->number;
    r->last_file = s->file;
    r->codec = s->codec;
}

/* `out` and `runs` have room for `n`, `joined` for all payload. The number of runs; n + 1 where there is no memory. */
EXPORT u32 ww_line_up(const segment *in, u32 n, const u8 *arena, segment *out, u8 *joined, run *runs) {
    u32 size = 64;
    while (size < n + n / 2 && size < 1u << 31)
        size *= 2;
    sorting s = {.mask = size - 1};
    s.slots = calloc(size + 4 * (u64)n, sizeof(u32));
    if (!s.slots)
        return n + 1;
    s.group = s.slots + size;
    s.flow = s.group + n;
    s.place = s.flow + n;
    sort(&s, in, n, out);
    free(s.slots);
    u32 count = 0, used = 0;
    for (u32 i = 0; i < n; i++) {
        memcpy(joined + used, arena + out[i].at, out[i].n);
        out[i].at = used;
        used += out[i].n;
        if (count && continues(&runs[count - 1], &out[i]))
            extend(&runs[count - 1], &out[i]);
        else
            runs[count++] = begun(&out[i], i);
    }
    return count;
}
