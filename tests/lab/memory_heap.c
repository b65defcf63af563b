/* Preloaded into a process on a machine without DMA heaps: answers the kernel's two makers of DMA buffers, /dev/udmabuf
 * (linux/udmabuf.h) and /dev/dma_heap/ (linux/dma-heap.h), with plain shared memory, which the processor sees alike; and
 * gives C++ objects clean memory. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

struct udmabuf_create { uint32_t memfd, flags; uint64_t offset, size; };
struct dma_heap_allocation { uint64_t len; uint32_t fd, fd_flags; uint64_t heap_flags; };

#define UDMABUF_CREATE _IOW('u', 0x42, struct udmabuf_create)
#define DMA_HEAP_ALLOC _IOWR('H', 0x0, struct dma_heap_allocation)
#define DMA_BUF_TYPE 'b'

static int is_heap(const char *path)
{
    return strcmp(path, "/dev/udmabuf") == 0 || strcmp(path, "/dev/dma_heap/linux,cma") == 0;
}

static int opened(const char *path, int flags, mode_t mode)
{
    static int (*next)(const char *, int, ...);
    if (is_heap(path))
        return memfd_create("heap", flags & O_CLOEXEC ? MFD_CLOEXEC : 0);
    if (!next)
        next = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open64");
    return next(path, flags, mode);
}

static mode_t mode_of(int flags, va_list rest)
{
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_of(flags, rest);
    va_end(rest);
    return opened(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_of(flags, rest);
    va_end(rest);
    return opened(path, flags, mode);
}

static int allocate(struct dma_heap_allocation *wish)
{
    int fd = memfd_create("buffer", MFD_CLOEXEC);
    if (fd < 0)
        return -1;
    if (ftruncate(fd, (off_t)wish->len) < 0) {
        close(fd);
        return -1;
    }
    wish->fd = (uint32_t)fd;
    return 0;
}

int ioctl(int fd, unsigned long request, ...)
{
    static int (*next)(int, unsigned long, ...);
    va_list rest;
    va_start(rest, request);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    if (request == UDMABUF_CREATE)
        return fcntl((int)((struct udmabuf_create *)argument)->memfd, F_DUPFD_CLOEXEC, 0);
    if (request == DMA_HEAP_ALLOC)
        return allocate(argument);
    if (!next)
        next = (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
    int result = next(fd, request, argument);
    /* Naming a buffer and bracketing the processor's use of it mean nothing for plain memory. */
    return result < 0 && errno == ENOTTY && _IOC_TYPE(request) == DMA_BUF_TYPE ? 0 : result;
}

/* C++'s `operator new`. The virtual camera of libcamera 0.4.0 never writes whether a picture succeeded, so picamera2 read
 * what memory had held before, and threw away every picture of a camera opened after others; 0 says success. */
void *_Znwm(size_t size)
{
    void *fresh = calloc(1, size ? size : 1);
    if (!fresh)
        abort();
    return fresh;
}
