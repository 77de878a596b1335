/* Addresses that are no peers: this machine, any, all; and a family that is none of the internet's. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

static void to(int fd, int family, unsigned address) {
    struct sockaddr_in peer;
    memset(&peer, 0, sizeof peer);
    peer.sin_family = family;
    peer.sin_port = htons(80);
    peer.sin_addr.s_addr = htonl(address);
    connect(fd, (struct sockaddr *)&peer, sizeof peer);
}
__attribute__((noinline)) void loopback(int fd) { to(fd, AF_INET, 0x7f000001); }
__attribute__((noinline)) void broadcast(int fd) { to(fd, AF_INET, 0xffffffff); }
__attribute__((noinline)) void other(int fd) { to(fd, 17, 0xc0000201); }
int main(int count, char **arguments) {
    loopback(count);
    broadcast(count);
    other(count);
    return 0;
}
