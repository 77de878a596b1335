/* posix_spawn and vfork with execl. */
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

int main(void)
{
    char *words[] = {"mount", "-t", "nfs", "198.51.100.55:/pm", "/mnt", 0};
    pid_t child;
    if (posix_spawn(&child, "/bin/mount", 0, 0, words, environ) == 0)
        waitpid(child, 0, 0);
    child = vfork();
    if (child == 0) {
        execl("/bin/cp", "cp", "-rf", "/mnt/update", "/opt/bin/update", (char *)0);
        _exit(1);
    }
    waitpid(child, 0, 0);
    return 0;
}
