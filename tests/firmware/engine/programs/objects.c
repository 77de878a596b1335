// Objects with tables of operations, as C++ makes them: what is run and for which host, only the maker knows.
#include <stdio.h>
#include <stdlib.h>

struct object;
struct operations {
    const char *title;
    int (*run)(struct object *self);
};
struct object {
    const struct operations *operations;
    const char *host;
};

static int join(struct object *self)
{
    char line[96];
    snprintf(line, sizeof line, "mount -t nfs %s:/pm /mnt", self->host);
    return system(line);
}

static int say(struct object *self)
{
    char line[96];
    snprintf(line, sizeof line, "logger %s", self->host);
    return system(line);
}

static const struct operations joining = {"join", join}, saying = {"say", say};
static struct object first = {&joining, "192.0.2.77"}, second = {&saying, "joined"};
static struct object *const every[] = {&first, &second};

__attribute__((noinline)) static int all(struct object *const *objects, int count)
{
    int failed = 0;
    for (int i = 0; i < count; i++)
        failed |= objects[i]->operations->run(objects[i]);
    return failed;
}

int main(void)
{
    return all(every, 2);
}
