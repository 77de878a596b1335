/* In: a printf format and its arguments. Out: the text it makes, unknown parts as holes (ISO C11 7.21.6.1). */
#include "core.h"

typedef struct {
    u8 *bytes;
    u32 *tags, n, room;
} sink;

typedef struct {
    bool left, zero, plus, space, hash, has_precision, wide;
    u32 width, precision;
} spec;

static void emit(sink *s, u8 byte, u32 tag) {
    if (s->n < s->room) {
        s->bytes[s->n] = byte;
        s->tags[s->n] = tag;
        s->n++;
    }
}

/* Variadic arguments: in the registers and on the stack of this call, or where a va_list says. */
variadic variadic_of(engine *e, path *p, u32 first) {
    (void)e;
    (void)p;
    return (variadic){.next = first};
}

variadic variadic_at(engine *e, path *p, val list) {
    const u32 word = e->set.bits / 8;
    if (e->set.machine == X86_64) /* System V ABI, 3.5.7: gp_offset, fp_offset, overflow_arg_area, reg_save_area */
        return (variadic){.kind = 2,
                          .at = load(e, p, add(e, list, known(16)), 8, false),
                          .over = load(e, p, add(e, list, known(8)), 8, false),
                          .gp_left = 48 - load(e, p, list, 4, false).v};
    if (e->set.machine == AARCH64) { /* AAPCS64, appendix B: __stack, __gr_top, __vr_top, __gr_offs */
        const val offset = load(e, p, add(e, list, known(24)), 4, true);
        return (variadic){.kind = 2,
                          .at = load(e, p, add(e, list, known(8)), 8, false),
                          .over = load(e, p, list, 8, false),
                          .gp_left = -(u64)(i64)(i32)offset.v};
    }
    if (e->set.machine == POWERPC) { /* gpr count, fpr count, overflow area, register save area */
        const val used = load(e, p, list, 1, false);
        return (variadic){.kind = 2,
                          .at = load(e, p, add(e, list, known(8)), word, false),
                          .over = load(e, p, add(e, list, known(4)), word, false),
                          .gp_left = used.t ? 0 : 32 - 4 * (used.v & 15)};
    }
    return (variadic){.kind = 1, .at = list};
}

val next_variadic(engine *e, path *p, variadic *list, bool wide) {
    const u32 word = e->set.bits / 8, words = wide && word == 4 ? 2 : 1;
    const bool aligned = words == 2 && e->set.machine != X86;
    val low;
    if (!list->kind) {
        list->next += aligned ? list->next & 1 : 0;
        low = argument(e, p, list->next);
        if (words == 2) {
            const val high = argument(e, p, list->next + 1);
            low = low.t || high.t ? mixed(e, low, high)
                                  : (val){e->set.big ? low.v << 32 | high.v : high.v << 32 | low.v, 0};
        }
        list->next += words;
        return low;
    }
    if (list->kind == 2 && list->gp_left >= word && list->gp_left <= 64) {
        const u64 top = e->set.machine == X86_64 ? 48 : e->set.machine == POWERPC ? 32 : 0;
        low = load(e, p, add(e, list->at, known(top - list->gp_left)), word, false);
        list->gp_left -= word;
        return low;
    }
    val *from = list->kind == 1 ? &list->at : &list->over;
    if (aligned && from->v & 4)
        from->v += 4;
    low = load(e, p, *from, word * words, false);
    *from = add(e, *from, known((u64)word * words));
    return low;
}

static void padded(sink *s, const spec *c, const u8 *bytes, const u32 *tags, u32 n, u8 fill) {
    const u32 pad = c->width > n ? c->width - n : 0;
    for (u32 i = 0; !c->left && i < pad; i++)
        emit(s, fill, 0);
    for (u32 i = 0; i < n; i++)
        emit(s, bytes[i], tags ? tags[i] : 0);
    for (u32 i = 0; c->left && i < pad; i++)
        emit(s, ' ', 0);
}

static void number(engine *e, sink *s, const spec *c, val what, u8 kind) {
    u8 digits[72], text[160];
    u32 n = 0, length = 0;
    if (what.t) {
        emit(s, 0, text_tag(e, what.t));
        return;
    }
    const bool is_signed = kind == 'd' || kind == 'i';
    const u64 raw = c->wide ? what.v : is_signed ? (u64)(i64)(i32)what.v : kind == 'p' ? what.v : (u32)what.v;
    const bool negative = is_signed && (i64)raw < 0;
    u64 rest = negative ? 0 - raw : raw;
    const u32 base = kind == 'x' || kind == 'X' || kind == 'p' ? 16 : kind == 'o' ? 8 : 10;
    for (; rest; rest /= base)
        digits[n++] = (u8)((kind == 'X' ? "0123456789ABCDEF" : "0123456789abcdef")[rest % base]);
    u32 least = c->has_precision ? c->precision : 1;
    const u32 sign = negative || c->plus || c->space;
    if (c->zero && !c->left && !c->has_precision && c->width > sign)
        least = c->width - sign;
    least = least > 64 ? 64 : least;
    while (n < least && n < sizeof digits)
        digits[n++] = '0';
    if (sign)
        text[length++] = negative ? '-' : c->plus ? '+' : ' ';
    if ((c->hash && raw && base == 16) || kind == 'p') {
        text[length++] = '0';
        text[length++] = kind == 'X' ? 'X' : 'x';
    }
    while (n)
        text[length++] = digits[--n];
    padded(s, c, text, NULL, length, ' ');
}

static void text(engine *e, path *p, sink *s, const spec *c, val what) {
    u8 bytes[TEXT_MAX];
    u32 tags[TEXT_MAX];
    bool whole;
    const u32 most = c->has_precision && c->precision < TEXT_MAX ? c->precision : TEXT_MAX;
    const u32 n = read_text(e, p, what, bytes, tags, most, &whole);
    bool holes = false;
    for (u32 i = 0; i < n; i++)
        holes = holes || tags[i];
    spec plain = *c;
    if (holes)
        plain.width = 0;
    padded(s, &plain, bytes, tags, n, ' ');
}

static u32 digits_of(const u8 *format, u32 n, u32 *i) {
    u32 value = 0;
    for (; *i < n && format[*i] >= '0' && format[*i] <= '9'; ++*i)
        value = value < 1000 ? value * 10 + (u32)(format[*i] - '0') : value;
    return value;
}

static u32 star(engine *e, path *p, variadic *list) {
    const val width = next_variadic(e, p, list, false);
    return width.t ? 0 : (u32)width.v > 1000 ? 1000 : (u32)width.v;
}

static spec parse(engine *e, path *p, variadic *list, const u8 *format, u32 n, u32 *i) {
    spec c = {0};
    for (; *i < n; ++*i) {
        const u8 flag = format[*i];
        c.left |= flag == '-';
        c.zero |= flag == '0';
        c.plus |= flag == '+';
        c.space |= flag == ' ';
        c.hash |= flag == '#';
        if (!flag || !strchr("-0+ #", flag))
            break;
    }
    if (*i < n && format[*i] == '*') {
        ++*i;
        c.width = star(e, p, list);
    } else {
        c.width = digits_of(format, n, i);
    }
    if (*i < n && format[*i] == '.') {
        ++*i;
        c.has_precision = true;
        if (*i < n && format[*i] == '*') {
            ++*i;
            c.precision = star(e, p, list);
        } else {
            c.precision = digits_of(format, n, i);
        }
    }
    u32 longs = 0;
    for (; *i < n && format[*i] && strchr("hlLqjzt", format[*i]); ++*i)
        longs += format[*i] == 'l' ? 1 : format[*i] == 'j' || format[*i] == 'q' ? 2 : 0;
    c.wide = longs >= 2 || (longs && e->set.bits == 64);
    return c;
}

static void converted(engine *e, path *p, sink *s, const spec *c, variadic *list, u8 kind) {
    switch (kind) {
    case '%': emit(s, '%', 0); break;
    case 'c': {
        const val one = next_variadic(e, p, list, false);
        const u8 byte = (u8)one.v;
        padded(s, c, &byte, &one.t, one.t || byte ? 1 : 0, ' ');
        break;
    }
    case 's': text(e, p, s, c, next_variadic(e, p, list, false)); break;
    case 'd': case 'i': case 'u': case 'x': case 'X': case 'o':
        number(e, s, c, next_variadic(e, p, list, c->wide), kind);
        break;
    case 'p': number(e, s, c, next_variadic(e, p, list, false), kind); break;
    case 'f': case 'F': case 'e': case 'E': case 'g': case 'G': case 'a': case 'A':
        if (e->set.bits == 32)
            next_variadic(e, p, list, true);
        emit(s, 0, text_tag(e, 1));
        break;
    case 'n': next_variadic(e, p, list, false); break;
    default: emit(s, 0, text_tag(e, 1));
    }
}

/* The text that `format` makes; the number of its bytes, as far as there is room. */
u32 print_format(engine *e, path *p, val format, variadic *list, u8 *bytes, u32 *tags, u32 room) {
    u8 pattern[TEXT_MAX];
    u32 origins[TEXT_MAX];
    bool whole;
    const u32 n = read_text(e, p, format, pattern, origins, TEXT_MAX, &whole);
    sink s = {bytes, tags, 0, room};
    for (u32 i = 0; i < n;) {
        if (origins[i] || pattern[i] != '%') {
            emit(&s, pattern[i], origins[i]);
            i++;
            continue;
        }
        i++;
        const spec c = parse(e, p, list, pattern, n, &i);
        if (i < n)
            converted(e, p, &s, &c, list, pattern[i++]);
    }
    return s.n;
}
