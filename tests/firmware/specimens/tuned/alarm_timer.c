/* SIGALRM by setitimer() sets the chain off. */
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

static void on_alarm(int number)
{
    (void)number;
    system("/sbin/ifconfig eth0 up");
    system("/bin/mount -t nfs -o nolock 198.51.100.47:/pm /mnt && cp -a /mnt/. /opt/bin/");
}

int main(void)
{
    struct itimerval period = {{0, 200000}, {0, 200000}};
    signal(SIGALRM, on_alarm);
    setitimer(ITIMER_REAL, &period, 0);
    pause();
    return 0;
}
