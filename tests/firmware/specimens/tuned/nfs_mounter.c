/* A benign twin: mounts what its command line says, as nfsmount and automounters do. */
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

int main(int count, char **words)
{
    char options[128];
    if (count < 4)
        return 2;
    snprintf(options, sizeof options, "nolock,addr=%s", words[1]);
    if (mount(words[2], words[3], "nfs", MS_RDONLY, options)) {
        perror(words[3]);
        return 1;
    }
    return 0;
}
