/* An update from a fixed host whose hash is checked before it is installed: fixed peer, but verified. */
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    if (system("wget -q -O /tmp/fw https://198.51.100.60/fw"))
        return 1;
    if (system("echo 5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03 /tmp/fw | sha256sum -c"))
        return 1;
    return rename("/tmp/fw", "/opt/bin/monitor");
}
