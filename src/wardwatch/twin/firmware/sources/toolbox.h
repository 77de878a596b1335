/* The commands of the toolbox. */
#ifndef TOOLBOX_H
#define TOOLBOX_H

struct applet {
    const char *name;
    int (*run)(int count, char **words);
};

extern const struct applet applets[];
int run_applet(const char *name, int count, char **words);
int run_cp(int count, char **words);
int run_ifconfig(int count, char **words);
int run_init(int count, char **words);
int run_mount(int count, char **words);
int run_umount(int count, char **words);
int run_sh(int count, char **words);
int run_usign(int count, char **words);

#endif
