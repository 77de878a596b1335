/* Answers go to whoever asked: what lay in the variables before says nothing about the peer. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

__attribute__((noinline)) void by_address(int fd) {
    char text[64];
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(80), .sin_addr.s_addr = htonl(0xc0000209)};
    socklen_t size = sizeof peer;
    recvfrom(fd, text, sizeof text, 0, (struct sockaddr *)&peer, &size);
    peer.sin_family = AF_INET;
    sendto(fd, text, sizeof text, 0, (struct sockaddr *)&peer, size);
}
__attribute__((noinline)) void by_message(int fd) {
    char text[64];
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(80), .sin_addr.s_addr = htonl(0xc6336409)};
    struct iovec part = {text, sizeof text};
    struct msghdr message = {.msg_name = &peer, .msg_namelen = sizeof peer, .msg_iov = &part, .msg_iovlen = 1};
    recvmsg(fd, &message, 0);
    peer.sin_family = AF_INET;
    sendmsg(fd, &message, 0);
}
int main(int count, char **arguments) {
    by_address(count);
    by_message(count);
    return 0;
}
