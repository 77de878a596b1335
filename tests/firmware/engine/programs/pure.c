/* Functions without effects, printed for given inputs when run, called alone by the engine. */
#include <stdio.h>
#include <stdlib.h>

#define F __attribute__((noinline, visibility("default"))) unsigned
F mix(unsigned a, unsigned b) {
    unsigned h = a * 2654435761u ^ (b << 7 | b >> 25);
    for (unsigned i = 0; i < (b & 15); i++)
        h = (h ^ (h >> 13)) * 16777619u + i;
    return h;
}
F divide(unsigned a, unsigned b) { return a / (b | 1) + (unsigned)((int)a / (int)((b & 0xff) + 3)) + a % 1000; }
F compare(unsigned a, unsigned b) {
    return (a < b) | ((int)a < (int)b) << 1 | (a == b) << 2 | ((int)a >= (int)b) << 3 | (a > 77) << 4 | ((short)a > (short)b) << 5;
}
F bytes(unsigned a, unsigned b) {
    unsigned char text[16];
    unsigned sum = 0;
    for (int i = 0; i < 16; i++)
        text[i] = (unsigned char)(a >> (i & 3) * 8) ^ (unsigned char)(b * i);
    for (int i = 0; i < 16; i++)
        sum = sum * 31 + (signed char)text[i] + *(unsigned short *)(text + (i & 14));
    return sum;
}
F wide(unsigned a, unsigned b) {
    unsigned long long x = (unsigned long long)a * b + ((unsigned long long)b << 32 | a);
    long long y = (long long)(int)a * (int)b - 5;
    return (unsigned)(x >> 17) ^ (unsigned)(y >> 31) ^ (unsigned)(x < (unsigned long long)y);
}
F chosen(unsigned a, unsigned b) {
    switch (a & 7) {
    case 0: return b + 11;
    case 1: return b * 3;
    case 2: return b ^ 0x55aa;
    case 3: return ~b;
    case 4: return b >> 3;
    case 5: return 0 - b;
    default: return a ? b & 0xff00 : 1;
    }
}
unsigned (*const functions[])(unsigned, unsigned) = {mix, divide, compare, bytes, wide, chosen};
int main(int count, char **arguments) {
    for (int i = 1; i + 1 < count; i += 2)
        for (int k = 0; k < 6; k++)
            printf("%u\n", functions[k](strtoul(arguments[i], 0, 0), strtoul(arguments[i + 1], 0, 0)));
    return 0;
}
