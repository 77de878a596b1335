/* A menu, a key table, a thread, a signal handler, tail calls, a switch, and a function that nothing calls. */
#define KEEP __attribute__((noinline, used))
extern int puts(const char *), system(const char *), rand(void);
extern int signal(int, void (*)(int));
extern int pthread_create(void *, void *, void *(*)(void *), void *);
extern int __libc_start_main(int (*)(int, char **), int, char **);

volatile int state;

KEEP void *worker(void *argument) { state = system("ifconfig eth0 up"); return argument; }
KEEP void on_signal(int number) { state = number; system("reboot"); state = 2; }
KEEP int act_update(int value) { return system("mount -t nfs 192.0.2.1:/pm /mnt") + value; }
KEEP int act_about(int value) { return puts("about this monitor") + value; }
KEEP int key_c(int value) { return system("killall monitor") + value; }
KEEP int key_q(int value) { return puts("quit") + value; }

struct item { const char *text; int (*act)(int); };
struct key { long code; int (*act)(int); };
static const struct item items[] = {{"Update software", act_update}, {"About", act_about}};
static const struct key keys[] = {{'C', key_c}, {'Q', key_q}};

KEEP int choose(int which) { return items[which & 1].act(which) + 1; }
KEEP int press(int which) { return keys[which & 1].act(which) + 1; }
KEEP int last(const char *text) { state = 9; return puts(text); }
KEEP int many(int which) {
    switch (which) {
    case 0: return puts("zero") + 1;
    case 1: return system("true") + 2;
    case 2: return rand() * 3;
    case 3: return choose(3) + 4;
    case 4: return last("four") * 5;
    case 5: return press(5) ^ 6;
    case 6: return rand() << 7;
    }
    return 8;
}
KEEP int never(void) { return system("never called") + 1; }

KEEP int hand_on(int which) { return press(which + 1); }

int main(int count, char **words) {
    int thread;
    signal(10, on_signal);
    state = 1;
    pthread_create(&thread, 0, worker, 0);
    state = 3;
    return many(count) + last(words[0]) + many(state);
}

void _start(void) { __libc_start_main(main, state, (char **)&state); for (;;) state = 0; }
