// Preloaded into a gofer, this lets threads start and end all the time for the first seconds of its life, as a runtime may do
// that is hard at work. They wait by futexes alone, which the gofer's system call filter must allow.

#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

enum {
  makers = 3,
  makerSeconds = 3,
  pauseMicrosMin = 300,
  pauseMicrosMax = 3000,
  lifeMicrosMax = 30000,
};

static sem_t never;

static uint64_t nowMicros(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * 1000000ull + now.tv_nsec / 1000;
}

static void waitMicros(uint64_t micros) {
  uint64_t end = nowMicros() + micros;
  struct timespec until = {.tv_sec = end / 1000000, .tv_nsec = end % 1000000 * 1000};
  while (sem_timedwait(&never, &until) != 0 && errno == EINTR) {
  }
}

static void *livesAWhile(void *micros) {
  waitMicros((uintptr_t)micros);
  return NULL;
}

static void *makesThreads(void *number) {
  uint64_t seed = nowMicros() ^ (uintptr_t)number;
  uint64_t end = nowMicros() + makerSeconds * 1000000ull;
  pthread_attr_t detached;
  pthread_attr_init(&detached);
  pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
  while (nowMicros() < end) {
    pthread_t thread;
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    uintptr_t life = (seed >> 33) % lifeMicrosMax;
    pthread_create(&thread, &detached, livesAWhile, (void *)life);
    waitMicros(pauseMicrosMin + (seed >> 40) % (pauseMicrosMax - pauseMicrosMin));
  }
  return NULL;
}

__attribute__((constructor)) static void start(void) {
  if (strcmp(program_invocation_short_name, "runsc-gofer") != 0) return;
  sem_init(&never, 0, 0);
  for (uintptr_t number = 0; number < makers; number++) {
    pthread_t thread;
    pthread_create(&thread, NULL, makesThreads, (void *)number);
  }
}
