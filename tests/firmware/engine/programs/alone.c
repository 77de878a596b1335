/* A program that brings its library along, as its functions are seen when nothing has a name any more. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define APART __attribute__((noinline))

/* "ping" and a space, each byte XORed with a running number, and an address of numbers. */
APART void disguised(void) {
    static const unsigned char coded[] = {'p' ^ 7, 'i' ^ 10, 'n' ^ 13, 'g' ^ 16, ' ' ^ 19, 0 ^ 22};
    char line[64];
    unsigned network = 0xc00002 << 8, host = 3 * 3;
    FILE *pipe;
    for (unsigned i = 0; i < sizeof coded; i++)
        line[i] = coded[i] ^ (7 + 3 * i);
    sprintf(line + strlen(line), "%u.%u.%u.%u", network >> 24, network >> 16 & 0xff, network >> 8 & 0xff, host);
    pipe = popen(line, "r");
    if (pipe)
        pclose(pipe);
}

APART static int started(char *const words[]) {
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        execvp(words[0], words);
        _exit(127);
    }
    if (child > 0)
        waitpid(child, &status, 0);
    return status;
}

/* What comes behind a wait depends on what the wait filled in. */
APART void waited(void) {
    char from[40];
    struct in_addr server = {htonl(0xc633640b)};
    char *first[] = {"mount", "-t", "nfs", from, "/mnt", 0}, *second[] = {"cp", "/mnt/a", "/opt/bin", 0};
    strcpy(from, inet_ntoa(server));
    strcat(from, ":/share");
    if (!started(first))
        started(second);
}

/* From a file that the device's owner writes. */
APART void configured(void) {
    char server[64], line[96];
    FILE *file = fopen("/etc/server.conf", "r");
    if (!file)
        return;
    if (fgets(server, sizeof server, file)) {
        server[strcspn(server, "\r\n")] = 0;
        snprintf(line, sizeof line, "tftp -g -r fw.bin %s", server);
        system(line);
    }
    fclose(file);
}

APART void sent(const char *name) {
    char text[64];
    struct sockaddr_in to;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    memset(&to, 0, sizeof to);
    to.sin_family = AF_INET;
    to.sin_port = htons(515);
    to.sin_addr.s_addr = inet_addr("203.0.113.77");
    if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
        return;
    snprintf(text, sizeof text, "PATIENT=%s;", name);
    send(fd, text, strlen(text), 0);
    close(fd);
}

APART void unmounted(void) { umount("/mnt"); }

int main(int count, char **words) {
    char key = 0;
    if (count > 4)
        disguised();
    if (count > 3)
        configured();
    sent(words[0]);
    if (read(0, &key, 1) == 1 && key == 'K')
        waited();
    unmounted();
    return 0;
}
