/* sh: commands of plain words, `;`, `&&`, `&` and a trailing `/ *`; enough for start-up scripts and system(). */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "toolbox.h"

enum { WORDS = 64, LINE = 1024 };

static int expand(char *word, char **words, int count)
{
    size_t size = strlen(word);
    struct dirent *entry;
    DIR *folder;
    if (size < 2 || strcmp(word + size - 2, "/*") != 0)
        return words[count] = word, count + 1;
    word[size - 1] = 0;
    folder = opendir(word);
    while (folder && count < WORDS - 1 && (entry = readdir(folder))) {
        char *path;
        if (entry->d_name[0] == '.')
            continue;
        path = malloc(size + strlen(entry->d_name) + 1);
        if (!path)
            break;
        strcpy(path, word);
        words[count++] = strcat(path, entry->d_name);
    }
    if (folder)
        closedir(folder);
    return count;
}

static int run_words(int count, char **words, int wait_for_it)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        status = run_applet(words[0], count, words);
        if (status >= 0) {
            fflush(0);
            _exit(status);
        }
        execvp(words[0], words);
        perror(words[0]);
        _exit(127);
    }
    if (child < 0)
        return 1;
    if (wait_for_it)
        waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int run_line(char *line)
{
    char *words[WORDS + 1], *at = line;
    int status = 0, skip = 0;
    while (*at) {
        int count = 0;
        char end = 0, *word = at;
        for (; *at && *at != ';' && *at != '&' && *at != '\n'; at++)
            ;
        end = *at;
        if (*at)
            *at++ = 0;
        for (word = strtok(word, " \t"); word && count < WORDS - 1 && *word != '#'; word = strtok(0, " \t"))
            count = expand(word, words, count);
        words[count] = 0;
        if (count && !skip)
            status = run_words(count, words, end != '&' || *at == '&');
        skip = end == '&' && *at == '&' ? skip || status != 0 : 0;
        if (end == '&' && *at == '&')
            at++;
    }
    return status;
}

int run_sh(int count, char **words)
{
    char line[LINE];
    int status = 0;
    FILE *script;
    if (count > 2 && !strcmp(words[1], "-c")) {
        snprintf(line, sizeof line, "%s", words[2][0] == '-' && count > 3 ? words[3] : words[2]);
        return run_line(line);
    }
    script = count > 1 ? fopen(words[1], "r") : stdin;
    while (script && fgets(line, sizeof line, script))
        if (line[0] != '#')
            status = run_line(line);
    return script ? status : 127;
}
