/* A patient's values are formatted and sent through a descriptor that another function connected. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct patient { char name[32]; char number[16]; int heart_rate; int spo2; };

static int central = -1;
static struct patient attached = {"DOE^JANE", "000017", 72, 98};

static int call_central(void)
{
    struct sockaddr_in to;
    memset(&to, 0, sizeof to);
    to.sin_family = AF_INET;
    to.sin_port = htons(515);
    to.sin_addr.s_addr = inet_addr("198.51.100.33");
    central = socket(AF_INET, SOCK_STREAM, 0);
    return connect(central, (struct sockaddr *)&to, sizeof to);
}

static void tell(const struct patient *who)
{
    char line[128];
    int n = sprintf(line, "patient=%s;id=%s;HR=%d;SpO2=%d\n", who->name, who->number, who->heart_rate, who->spo2);
    send(central, line, n, 0);
}

int main(void)
{
    call_central();
    for (int i = 0; i < 3; i++)
        tell(&attached);
    return 0;
}
