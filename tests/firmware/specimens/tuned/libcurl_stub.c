/* Stands in for libcurl: does nothing. */
void *curl_easy_init(void) { return 0; }
int curl_easy_setopt(void *handle, int option, ...) { return 0; }
int curl_easy_perform(void *handle) { return 7; }
void curl_easy_cleanup(void *handle) {}
