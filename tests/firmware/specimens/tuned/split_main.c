/* Two sources and a shared library that does the work. */
int mount_share(const char *host, const char *where);
void take(const char *what);

int main(void)
{
    if (mount_share("198.51.100.57", "/mnt"))
        return 1;
    take("monitor");
    return 0;
}
