/* Stands for a C library: only its names matter. */
int puts(const char *text) { return text[0]; }
int system(const char *command) { return command[0]; }
int rand(void) { return 4; }
int signal(int number, void (*handler)(int)) { return number + (handler != 0); }
int pthread_create(void *thread, void *attributes, void *(*start)(void *), void *argument) { return start != 0; }
int __libc_start_main(int (*run)(int, char **), int count, char **words) { return run(count, words); }
