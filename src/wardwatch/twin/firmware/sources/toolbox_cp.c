/* cp: files and folders, recursively. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "toolbox.h"

enum { LONGEST = 512, DEEPEST = 8 };

static int copy_file(const char *from, const char *to, mode_t mode)
{
    char block[2048];
    ssize_t size = 0;
    int in = open(from, O_RDONLY), out = -1;
    if (in >= 0)
        unlink(to);
    if (in >= 0)
        out = open(to, O_WRONLY | O_CREAT | O_TRUNC, mode & 0777);
    while (out >= 0 && (size = read(in, block, sizeof block)) > 0)
        if (write(out, block, size) != size)
            size = -1, out = (close(out), -1);
    if (in >= 0)
        close(in);
    if (out < 0 || size < 0) {
        perror(to);
        return 1;
    }
    close(out);
    return 0;
}

static int copy(const char *from, const char *to, int deep);

static int copy_folder(const char *from, const char *to, int deep)
{
    char inner[LONGEST], outer[LONGEST];
    struct dirent *entry;
    int failed = 0;
    DIR *folder = opendir(from);
    if (!folder || deep > DEEPEST)
        return 1;
    mkdir(to, 0755);
    while ((entry = readdir(folder))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        snprintf(inner, sizeof inner, "%s/%s", from, entry->d_name);
        snprintf(outer, sizeof outer, "%s/%s", to, entry->d_name);
        failed |= copy(inner, outer, deep + 1);
    }
    closedir(folder);
    return failed;
}

static int copy(const char *from, const char *to, int deep)
{
    struct stat about;
    if (stat(from, &about)) {
        perror(from);
        return 1;
    }
    return S_ISDIR(about.st_mode) ? copy_folder(from, to, deep) : copy_file(from, to, about.st_mode);
}

int run_cp(int count, char **words)
{
    char inside[LONGEST];
    struct stat about;
    int first = 1, failed = 0;
    while (first < count && words[first][0] == '-')
        first++;
    if (count - first < 2)
        return 1;
    for (int i = first; i < count - 1; i++) {
        const char *to = words[count - 1], *name = strrchr(words[i], '/');
        if (!stat(to, &about) && S_ISDIR(about.st_mode)) {
            snprintf(inside, sizeof inside, "%s/%s", to, name ? name + 1 : words[i]);
            to = inside;
        }
        failed |= copy(words[i], to, 0);
    }
    return failed;
}
