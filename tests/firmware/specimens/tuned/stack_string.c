/* The command is written to the stack character by character. */
#include <stdlib.h>

static void up(void)
{
    char c[24];
    int i = 0;
    c[i++] = 'i'; c[i++] = 'f'; c[i++] = 'c'; c[i++] = 'o'; c[i++] = 'n'; c[i++] = 'f'; c[i++] = 'i'; c[i++] = 'g';
    c[i++] = ' '; c[i++] = 'e'; c[i++] = 't'; c[i++] = 'h'; c[i++] = '0'; c[i++] = ' '; c[i++] = 'u'; c[i++] = 'p';
    c[i] = 0;
    system(c);
}

int main(void)
{
    up();
    return 0;
}
