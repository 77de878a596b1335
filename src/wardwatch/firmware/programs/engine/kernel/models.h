/* In: nothing. Out: the table of models of imported functions, in two parts: texts and memory; descriptors and others. */
#ifndef WARDWATCH_ENGINE_MODELS_H
#define WARDWATCH_ENGINE_MODELS_H

#include "core.h"

typedef struct {
    u32 number, event;
} called;

/* False: what it returns is unknown. */
typedef bool (*run_model)(engine *, path *, const called *, val *);

typedef struct {
    const char *name;
    run_model run;
} model;

extern const model models[];
extern const u32 model_count;

void bind_fact(engine *e, path *p, val what, u32 event);
val result_of(engine *e, path *p, u32 number);
val heap(engine *e, path *p, val size);

#define MODEL(name) bool name(engine *e, path *p, const called *c, val *result)
MODEL(m_strlen); MODEL(m_strcpy); MODEL(m_stpcpy); MODEL(m_strncpy); MODEL(m_strcat); MODEL(m_strncat);
MODEL(m_strcmp); MODEL(m_strncmp); MODEL(m_memcmp); MODEL(m_strchr); MODEL(m_strrchr); MODEL(m_strstr); MODEL(m_strspn); MODEL(m_strcspn);
MODEL(m_memcpy); MODEL(m_mempcpy); MODEL(m_bcopy); MODEL(m_memset); MODEL(m_bzero); MODEL(m_strdup);
MODEL(m_strndup); MODEL(m_sprintf); MODEL(m_snprintf); MODEL(m_vsprintf); MODEL(m_vsnprintf); MODEL(m_asprintf);
MODEL(m_vasprintf); MODEL(m_sprintf_chk); MODEL(m_snprintf_chk); MODEL(m_vsprintf_chk); MODEL(m_vsnprintf_chk);
MODEL(m_asprintf_chk); MODEL(m_strlcpy); MODEL(m_strlcat); MODEL(m_atoi); MODEL(m_toupper); MODEL(m_tolower);
MODEL(m_inet_addr); MODEL(m_inet_aton); MODEL(m_inet_pton); MODEL(m_inet_ntoa); MODEL(m_swap16); MODEL(m_swap32);
MODEL(m_malloc); MODEL(m_calloc); MODEL(m_realloc); MODEL(m_socket); MODEL(m_connect); MODEL(m_open); MODEL(m_openat);
MODEL(m_same); MODEL(m_read); MODEL(m_fread); MODEL(m_fgets); MODEL(m_gethostbyname); MODEL(m_getaddrinfo);
MODEL(m_popen); MODEL(m_exit); MODEL(m_none); MODEL(m_zero); MODEL(m_sscanf); MODEL(m_recvfrom); MODEL(m_recvmsg); MODEL(m_accept);
MODEL(m_thread); MODEL(m_clone); MODEL(m_signal); MODEL(m_sigaction); MODEL(m_atexit); MODEL(m_fork);
#undef MODEL

#endif
