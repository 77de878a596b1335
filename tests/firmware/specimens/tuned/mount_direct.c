/* No shell: ioctl() takes the interface up, mount(2) mounts, a loop copies. */
#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

static int take_up(const char *name)
{
    struct ifreq request;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0)
        return -1;
    memset(&request, 0, sizeof request);
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    ioctl(fd, SIOCGIFFLAGS, &request);
    request.ifr_flags |= IFF_UP | IFF_RUNNING;
    int r = ioctl(fd, SIOCSIFFLAGS, &request);
    close(fd);
    return r;
}

static void copy(const char *from, const char *to)
{
    char block[512];
    ssize_t n;
    int in = open(from, O_RDONLY);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0755);
    while ((n = read(in, block, sizeof block)) > 0)
        write(out, block, n);
    close(in);
    close(out);
}

int main(void)
{
    take_up("eth0");
    mount("198.51.100.32:/pm", "/mnt", "nfs", MS_NOATIME, "nolock,addr=198.51.100.32");
    copy("/mnt/monitor", "/opt/bin/monitor");
    umount("/mnt");
    return 0;
}
