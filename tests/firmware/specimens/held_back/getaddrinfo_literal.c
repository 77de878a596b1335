/* getaddrinfo() of a literal, then connect() to what it gives; the patient's record through sendmsg(). */
#include <netdb.h>
#include <sys/uio.h>
#include "net.h"

int main(void)
{
    struct addrinfo want, *found = 0, *each;
    char line[80];
    int fd = -1;
    memset(&want, 0, sizeof want);
    want.ai_family = AF_INET;
    want.ai_socktype = SOCK_STREAM;
    if (getaddrinfo("203.0.113.78", "2575", &want, &found))
        return 1;
    for (each = found; each; each = each->ai_next) {
        fd = socket(each->ai_family, each->ai_socktype, each->ai_protocol);
        if (fd >= 0 && connect(fd, each->ai_addr, each->ai_addrlen) == 0)
            break;
    }
    snprintf(line, sizeof line, "PID|||%s||%s^%s\r", "000042", "DOE", "JOHN");
    struct iovec part = {line, strlen(line)};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    sendmsg(fd, &message, 0);
    freeaddrinfo(found);
    return 0;
}
