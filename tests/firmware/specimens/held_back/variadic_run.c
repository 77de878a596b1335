/* A variadic wrapper around vsnprintf and system. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static int runf(const char *form, ...)
{
    char line[160];
    va_list more;
    va_start(more, form);
    vsnprintf(line, sizeof line, form, more);
    va_end(more);
    return system(line);
}

int main(void)
{
    runf("ifconfig %s%d %s", "eth", 0, "up");
    runf("mount -t %s -o %s %s:%s %s", "nfs", "nolock", "203.0.113.84", "/pm", "/mnt");
    return runf("cp -%s %s/%s %s", "rf", "/mnt", "monitor", "/opt/bin/");
}
