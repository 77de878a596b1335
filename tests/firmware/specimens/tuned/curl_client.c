/* A download through a library with libcurl's calls. */
#include <stdio.h>

typedef void CURL;
CURL *curl_easy_init(void);
int curl_easy_setopt(CURL *handle, int option, ...);
int curl_easy_perform(CURL *handle);
void curl_easy_cleanup(CURL *handle);
enum { URL = 10002, WRITEDATA = 10001, SSL_VERIFYPEER = 64 };

int main(void)
{
    FILE *out = fopen("/tmp/new", "wb");
    CURL *handle = curl_easy_init();
    curl_easy_setopt(handle, URL, "https://198.51.100.56/monitor");
    curl_easy_setopt(handle, WRITEDATA, out);
    curl_easy_setopt(handle, SSL_VERIFYPEER, 0L);
    curl_easy_perform(handle);
    curl_easy_cleanup(handle);
    return 0;
}
