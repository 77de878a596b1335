/* Calls through pointers that only arguments hold. */
#define KEEP __attribute__((noinline, used))
extern int puts(const char *);
volatile int state;
KEEP int twice(int (*first)(const char *), int (*second)(const char *)) { return first("a") + second("b"); }
void _start(void) { state = twice((int (*)(const char *))(long)state, puts); for (;;) state = 0; }
