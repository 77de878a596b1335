/* Stands in for the calls of the C library that matter: each is written to the file that WITNESS names, and none is
   done. So a specimen can be run, and what it asks for compared with its ground truth. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static void tell(const char *call, const char *const words[])
{
    char line[2048];
    size_t at = snprintf(line, sizeof line, "%s", call);
    for (; *words && at < sizeof line - 2; words++)
        at += snprintf(line + at, sizeof line - at, "\t%s", *words);
    if (at > sizeof line - 2)
        at = sizeof line - 2;
    line[at++] = '\n';
    const char *path = getenv("WITNESS");
    int fd = path ? syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND, 0600) : -1;
    if (fd >= 0) {
        syscall(SYS_write, fd, line, at);
        syscall(SYS_close, fd);
    }
}

#define TELL(call, ...) tell(call, (const char *const[]){__VA_ARGS__, 0})

static void tell_peer(const char *call, const struct sockaddr *to, int fd)
{
    char host[64] = "", port[8], kind[8] = "";
    int type = 0;
    socklen_t size = sizeof type;
    const struct sockaddr_in *four = (const void *)to;
    const struct sockaddr_in6 *six = (const void *)to;
    if (to->sa_family == AF_INET)
        inet_ntop(AF_INET, &four->sin_addr, host, sizeof host);
    else if (to->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &six->sin6_addr, host, sizeof host);
    else
        return;
    snprintf(port, sizeof port, "%u", ntohs(four->sin_port));
    if (!getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size))
        strcpy(kind, type == SOCK_DGRAM ? "udp" : "tcp");
    TELL(call, host, port, kind);
}

int system(const char *command)
{
    TELL("system", command);
    return 0;
}

FILE *popen(const char *command, const char *mode)
{
    TELL("popen", command);
    return fopen("/dev/null", mode);
}

int pclose(FILE *pipe)
{
    return fclose(pipe);
}

int mount(const char *what, const char *where, const char *type, unsigned long flags, const void *data)
{
    TELL("mount", what, where, type, data ? data : "");
    return 0;
}

int umount(const char *where)
{
    TELL("umount", where);
    return 0;
}

int umount2(const char *where, int flags)
{
    TELL("umount2", where);
    return 0;
}

int connect(int fd, const struct sockaddr *to, socklen_t size)
{
    tell_peer("connect", to, fd);
    return 0;
}

ssize_t send(int fd, const void *data, size_t size, int flags)
{
    return size;
}

ssize_t sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *to, socklen_t length)
{
    if (to)
        tell_peer("sendto", to, fd);
    return size;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    if (message->msg_name)
        tell_peer("sendmsg", message->msg_name, fd);
    return 1;
}

int ioctl(int fd, unsigned long request, ...)
{
    va_list more;
    va_start(more, request);
    char *argument = va_arg(more, char *);
    va_end(more);
    if (request == 0x8914)
        TELL("SIOCSIFFLAGS", argument, *(short *)(argument + 16) & 1 ? "up" : "down");
    return 0;
}

int rename(const char *from, const char *to)
{
    TELL("rename", from, to);
    return 0;
}

int unlink(const char *path)
{
    TELL("unlink", path);
    return 0;
}

int chmod(const char *path, mode_t mode)
{
    TELL("chmod", path);
    return 0;
}

/* What is written would not be: another file stands in for each outside /tmp. */
int open(const char *path, int flags, ...)
{
    TELL("open", path);
    return syscall(SYS_openat, AT_FDCWD, "/dev/null", flags & O_ACCMODE, 0);
}

int open64(const char *path, int flags, ...)
{
    return open(path, flags);
}

static int tell_words(const char *call, const char *path, char *const words[])
{
    const char *all[32] = {path};
    int count = 1;
    for (; words && words[count - 1] && count < 31; count++)
        all[count] = words[count - 1];
    all[count] = 0;
    tell(call, all);
    return 0;
}

int execve(const char *path, char *const words[], char *const environment[])
{
    tell_words("execve", path, words);
    _exit(0);
}

int execv(const char *path, char *const words[])
{
    tell_words("execv", path, words);
    _exit(0);
}

int execvp(const char *path, char *const words[])
{
    tell_words("execvp", path, words);
    _exit(0);
}

#define LISTED(name)                                   \
    int name(const char *path, const char *word, ...)  \
    {                                                  \
        char *words[32] = {(char *)word};              \
        va_list more;                                  \
        va_start(more, word);                          \
        for (int i = 1; i < 31 && words[i - 1]; i++)   \
            words[i] = va_arg(more, char *);           \
        va_end(more);                                  \
        tell_words(#name, path, words);                \
        _exit(0);                                      \
    }

LISTED(execl)
LISTED(execlp)
LISTED(execle)

int posix_spawn(pid_t *child, const char *path, const posix_spawn_file_actions_t *a, const posix_spawnattr_t *b,
                char *const words[], char *const environment[])
{
    tell_words("posix_spawn", path, words);
    return ENOENT;
}

int posix_spawnp(pid_t *child, const char *path, const posix_spawn_file_actions_t *a, const posix_spawnattr_t *b,
                 char *const words[], char *const environment[])
{
    tell_words("posix_spawnp", path, words);
    return ENOENT;
}

/* The child of a vfork() would tell its parent's stack; a fork() does as well. */
pid_t vfork(void)
{
    return fork();
}
