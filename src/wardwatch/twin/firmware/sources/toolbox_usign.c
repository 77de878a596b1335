/* usign -V -m FILE -x SIGNATURE -p KEY: is the file signed by the owner of the key? A hash-based one-time signature
   (Lamport 1979, with SHA-256): for each bit of the file's hash the signature shows one of two secrets and the hash of
   the other one, and the key is the hash of all 512 hashes, in hexadecimal. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "toolbox.h"

enum { HASH = 32, BLOCK = 64, BITS = 256 };

struct sha256 {
    uint32_t state[8];
    uint64_t size;
    uint8_t block[BLOCK];
};

/* FIPS 180-4, 4.2.2 and 5.3.3. */
static const uint32_t constants[] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};
static const uint32_t initial[] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

static uint32_t turned(uint32_t value, int by)
{
    return value >> by | value << (32 - by);
}

static void digest_block(struct sha256 *sum)
{
    uint32_t w[BLOCK], s[8];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)sum->block[4 * i] << 24 | sum->block[4 * i + 1] << 16 | sum->block[4 * i + 2] << 8 |
               sum->block[4 * i + 3];
    for (int i = 16; i < BLOCK; i++)
        w[i] = w[i - 16] + w[i - 7] + (turned(w[i - 15], 7) ^ turned(w[i - 15], 18) ^ w[i - 15] >> 3) +
               (turned(w[i - 2], 17) ^ turned(w[i - 2], 19) ^ w[i - 2] >> 10);
    memcpy(s, sum->state, sizeof s);
    for (int i = 0; i < BLOCK; i++) {
        uint32_t t1 = s[7] + (turned(s[4], 6) ^ turned(s[4], 11) ^ turned(s[4], 25)) +
                      ((s[4] & s[5]) ^ (~s[4] & s[6])) + constants[i] + w[i];
        uint32_t t2 = (turned(s[0], 2) ^ turned(s[0], 13) ^ turned(s[0], 22)) +
                      ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7 * sizeof *s);
        s[4] += t1;
        s[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++)
        sum->state[i] += s[i];
}

static void sum_begin(struct sha256 *sum)
{
    memcpy(sum->state, initial, sizeof initial);
    sum->size = 0;
}

static void sum_add(struct sha256 *sum, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        sum->block[sum->size++ % BLOCK] = data[i];
        if (sum->size % BLOCK == 0)
            digest_block(sum);
    }
}

static void sum_end(struct sha256 *sum, uint8_t *to)
{
    uint64_t bits = sum->size * 8;
    uint8_t pad = 0x80, length[8];
    for (int i = 0; i < 8; i++)
        length[i] = bits >> (56 - 8 * i);
    for (; sum->size % BLOCK != BLOCK - 8 || pad; pad = 0)
        sum_add(sum, &pad, 1);
    sum_add(sum, length, 8);
    for (int i = 0; i < HASH; i++)
        to[i] = sum->state[i / 4] >> (24 - i % 4 * 8);
}

static int hash_file(const char *path, uint8_t *to)
{
    struct sha256 sum;
    uint8_t block[512];
    size_t size;
    FILE *file = fopen(path, "r");
    if (!file)
        return -1;
    sum_begin(&sum);
    while ((size = fread(block, 1, sizeof block, file)) > 0)
        sum_add(&sum, block, size);
    sum_end(&sum, to);
    return fclose(file);
}

/* The key that this signature of this hash belongs to. */
static int key_of(FILE *signature, const uint8_t *hash, uint8_t *key)
{
    struct sha256 all, one;
    uint8_t shown[HASH], other[HASH], hashed[HASH];
    sum_begin(&all);
    for (int bit = 0; bit < BITS; bit++) {
        int is_set = hash[bit / 8] >> (7 - bit % 8) & 1;
        if (fread(shown, HASH, 1, signature) != 1 || fread(other, HASH, 1, signature) != 1)
            return -1;
        sum_begin(&one);
        sum_add(&one, shown, HASH);
        sum_end(&one, hashed);
        sum_add(&all, is_set ? other : hashed, HASH);
        sum_add(&all, is_set ? hashed : other, HASH);
    }
    sum_end(&all, key);
    return 0;
}

int run_usign(int count, char **words)
{
    const char *of = 0, *by = 0, *with = 0;
    char wanted[2 * HASH + 1] = "", found[2 * HASH + 1];
    uint8_t hash[HASH], key[HASH];
    FILE *key_file, *signature;
    for (int i = 1; i + 1 < count; i++) {
        if (!strcmp(words[i], "-m"))
            of = words[++i];
        else if (!strcmp(words[i], "-x"))
            by = words[++i];
        else if (!strcmp(words[i], "-p"))
            with = words[++i];
    }
    if (!of || !by || !with || hash_file(of, hash))
        return 2;
    key_file = fopen(with, "r");
    signature = fopen(by, "r");
    if (!key_file || !signature || !fgets(wanted, sizeof wanted, key_file) || key_of(signature, hash, key))
        return 2;
    for (int i = 0; i < HASH; i++)
        sprintf(found + 2 * i, "%02x", key[i]);
    return strcmp(found, wanted) != 0;
}
