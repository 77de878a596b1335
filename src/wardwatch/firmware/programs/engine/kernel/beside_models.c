/* In: calls that hand a function to somebody who runs it, or split the program. Out: that function, run beside. */
#include "models.h"

#define MODEL(name) bool name(engine *e, path *p, const called *c, val *result)
#define UNUSED (void)e, (void)p, (void)c, (void)result

MODEL(m_thread) { /* pthread_create(thread, attributes, function, argument) */
    (void)c;
    run_beside(e, p, argument(e, p, 2), argument(e, p, 3));
    *result = known(0);
    return true;
}

MODEL(m_clone) { /* clone(function, stack, flags, argument) */
    UNUSED;
    run_beside(e, p, argument(e, p, 0), argument(e, p, 3));
    return false;
}

MODEL(m_signal) { /* signal(number, function) */
    UNUSED;
    run_beside(e, p, argument(e, p, 1), argument(e, p, 0));
    return false;
}

MODEL(m_sigaction) { /* the function stands first in struct sigaction, on MIPS behind the flags */
    UNUSED;
    const val action = add(e, argument(e, p, 1), known(e->set.machine == MIPS ? 4 : 0));
    run_beside(e, p, load(e, p, action, e->set.bits / 8, false), argument(e, p, 0));
    return false;
}

MODEL(m_fork) { /* the child's calls come before those that the parent makes later, though its way ends */
    UNUSED;
    p->order++;
    return false;
}

MODEL(m_atexit) {
    UNUSED;
    run_beside(e, p, argument(e, p, 0), (val){0, 1});
    return false;
}
