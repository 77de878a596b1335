// A virtual call chooses what is run.
#include <cstdio>
#include <cstdlib>
#include <cstring>

struct Action {
    virtual ~Action() {}
    virtual int run() = 0;
};

struct Join : Action {
    const char *host;
    explicit Join(const char *given) : host(given) {}
    int run() override
    {
        char line[96];
        std::snprintf(line, sizeof line, "mount -o nolock -t nfs %s:/pm /mnt", host);
        return std::system(line);
    }
};

struct Take : Action {
    int run() override { return std::system("cp -rf /mnt/bin /opt/"); }
};

__attribute__((noinline)) static int all(Action **actions, int count)
{
    int failed = 0;
    for (int i = 0; i < count; i++)
        failed |= actions[i]->run();
    return failed;
}

int main()
{
    static Join join("198.51.100.58");
    static Take take;
    Action *actions[] = {&join, &take};
    return all(actions, 2);
}
