/* Records what a process does to the files below one folder, in order and with the data. Loaded by LD_PRELOAD.
 *
 * IO_TRACE_ROOT names the folder (absolute, no symbolic link in it), IO_TRACE_FILE the record, which lies elsewhere.
 * One lock is held around each call and its entry, so that the order of the entries is the order of the calls. An entry
 * is a header (see struct entry), then both names below the root, then the data; tests/durability/io_trace.py reads it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { CREATE = 1, WRITE, TRUNCATE, SYNC, RENAME, UNLINK, MKDIR, RMDIR, SYNC_FOLDER, UNSUPPORTED };

struct entry {
    uint32_t kind, name_length, other_length, data_length;
    uint64_t inode, offset;
};

#define REAL(name) ((__typeof__(&name))real(#name))
#define MOST_FILES 4096

static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static char root[PATH_MAX];
static size_t root_length;
static int record = -1;
static char ours[MOST_FILES];

static void *real(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (found == NULL)
        abort();
    return found;
}

__attribute__((constructor)) static void begin(void)
{
    const char *folder = getenv("IO_TRACE_ROOT"), *file = getenv("IO_TRACE_FILE");
    if (folder == NULL || file == NULL)
        return;
    root_length = strlen(folder);
    memcpy(root, folder, root_length + 1);
    record = REAL(open)(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (record < 0)
        abort();
}

/* The path as an absolute one; false when it is not below the root. */
static int below(int folder, const char *path, char *absolute)
{
    char base[PATH_MAX] = "";
    if (record < 0 || path == NULL)
        return 0;
    if (path[0] != '/') {
        char link[64];
        snprintf(link, sizeof link, folder == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", folder);
        ssize_t length = readlink(link, base, sizeof base - 2);
        if (length < 0)
            return 0;
        base[length] = '/';
        base[length + 1] = 0;
    }
    if (strlen(base) + strlen(path) >= PATH_MAX)
        return 0;
    strcpy(absolute, base);
    strcat(absolute, path);
    return strncmp(absolute, root, root_length) == 0 && (absolute[root_length] == '/' || absolute[root_length] == 0);
}

static int traced(int file)
{
    return record >= 0 && file >= 0 && file < MOST_FILES && ours[file];
}

static void note(enum kind kind, uint64_t inode, uint64_t offset, const char *name, const char *other, const void *data,
                 size_t length)
{
    name = name ? name + root_length : "";
    other = other ? other + root_length : "";
    struct entry entry = {kind, strlen(name), strlen(other), length, inode, offset};
    struct iovec parts[] = {{&entry, sizeof entry},
                            {(void *)name, entry.name_length},
                            {(void *)other, entry.other_length},
                            {(void *)data, length}};
    size_t wanted = sizeof entry + entry.name_length + entry.other_length + length;
    if (REAL(writev)(record, parts, 4) != (ssize_t)wanted)
        abort();
}

static uint64_t inode_of(int file)
{
    struct stat facts;
    return fstat(file, &facts) ? 0 : facts.st_ino;
}

/* Files */

static int opened(int folder, const char *path, int flags, mode_t mode)
{
    char name[PATH_MAX];
    if (!below(folder, path, name))
        return REAL(openat)(folder, path, flags, mode);
    pthread_mutex_lock(&lock);
    int before = access(name, F_OK);
    int file = REAL(openat)(folder, path, flags, mode);
    if (file >= MOST_FILES)
        abort();
    if (file >= 0) {
        ours[file] = 1;
        if (before != 0)
            note(CREATE, inode_of(file), 0, name, NULL, NULL, 0);
        else if (flags & O_TRUNC)
            note(TRUNCATE, inode_of(file), 0, NULL, NULL, NULL, 0);
    }
    int why = errno;
    pthread_mutex_unlock(&lock);
    errno = why;
    return file;
}

static mode_t mode_of(int flags, va_list more)
{
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
}

#define OPEN(name)                                    \
    int name(const char *path, int flags, ...)        \
    {                                                 \
        va_list more;                                 \
        va_start(more, flags);                        \
        mode_t mode = mode_of(flags, more);           \
        va_end(more);                                 \
        return opened(AT_FDCWD, path, flags, mode);   \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                       \
    int name(int folder, const char *path, int flags, ...) \
    {                                                      \
        va_list more;                                      \
        va_start(more, flags);                             \
        mode_t mode = mode_of(flags, more);                \
        va_end(more);                                      \
        return opened(folder, path, flags, mode);          \
    }
OPENAT(openat)
OPENAT(openat64)

int close(int file)
{
    if (file >= 0 && file < MOST_FILES)
        ours[file] = 0;
    return REAL(close)(file);
}

static ssize_t written(int file, const void *data, size_t length, off_t offset, int at_offset)
{
    if (!traced(file))
        return at_offset ? REAL(pwrite)(file, data, length, offset) : REAL(write)(file, data, length);
    pthread_mutex_lock(&lock);
    if (!at_offset)
        offset = lseek(file, 0, fcntl(file, F_GETFL) & O_APPEND ? SEEK_END : SEEK_CUR);
    ssize_t done = at_offset ? REAL(pwrite)(file, data, length, offset) : REAL(write)(file, data, length);
    if (done > 0)
        note(WRITE, inode_of(file), offset, NULL, NULL, data, done);
    int why = errno;
    pthread_mutex_unlock(&lock);
    errno = why;
    return done;
}

ssize_t write(int file, const void *data, size_t length)
{
    return written(file, data, length, 0, 0);
}

ssize_t pwrite(int file, const void *data, size_t length, off_t offset)
{
    return written(file, data, length, offset, 1);
}

ssize_t pwrite64(int file, const void *data, size_t length, off64_t offset)
{
    return written(file, data, length, offset, 1);
}

#define TRACED(file, call, success_note)      \
    if (!traced(file))                        \
        return call;                          \
    pthread_mutex_lock(&lock);                \
    int result = call;                        \
    if (result == 0)                          \
        success_note;                         \
    int why = errno;                          \
    pthread_mutex_unlock(&lock);              \
    errno = why;                              \
    return result;

int ftruncate(int file, off_t size)
{
    TRACED(file, REAL(ftruncate)(file, size), note(TRUNCATE, inode_of(file), size, NULL, NULL, NULL, 0))
}

int ftruncate64(int file, off64_t size)
{
    TRACED(file, REAL(ftruncate64)(file, size), note(TRUNCATE, inode_of(file), size, NULL, NULL, NULL, 0))
}

static void note_sync(int file)
{
    char link[64], name[PATH_MAX];
    struct stat facts;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, name, sizeof name - 1);
    if (length < 0 || fstat(file, &facts))
        abort();
    name[length] = 0;
    if (S_ISDIR(facts.st_mode))
        note(SYNC_FOLDER, facts.st_ino, 0, name, NULL, NULL, 0);
    else
        note(SYNC, facts.st_ino, 0, NULL, NULL, NULL, 0);
}

int fsync(int file)
{
    TRACED(file, REAL(fsync)(file), note_sync(file))
}

int fdatasync(int file)
{
    TRACED(file, REAL(fdatasync)(file), note_sync(file))
}

/* What the model does not know ends the experiment, lest it prove nothing. */

#define REFUSED(type, name, parameters, arguments, file)                           \
    type name parameters                                                           \
    {                                                                              \
        if (traced(file))                                                          \
            note(UNSUPPORTED, 0, 0, NULL, NULL, #name, sizeof #name - 1);          \
        return REAL(name) arguments;                                               \
    }
REFUSED(ssize_t, writev, (int file, const struct iovec *parts, int count), (file, parts, count), file)
REFUSED(ssize_t, pwritev, (int file, const struct iovec *parts, int count, off_t at), (file, parts, count, at), file)
REFUSED(int, fallocate, (int file, int mode, off_t at, off_t length), (file, mode, at, length), file)
REFUSED(int, posix_fallocate, (int file, off_t at, off_t length), (file, at, length), file)
REFUSED(ssize_t, sendfile, (int file, int from, off_t *at, size_t count), (file, from, at, count), file)
REFUSED(ssize_t, copy_file_range,
        (int from, off64_t *at, int file, off64_t *to, size_t length, unsigned flags),
        (from, at, file, to, length, flags), file)

static void refuse_shared(int protection, int flags, int file)
{
    if ((flags & MAP_SHARED) && (protection & PROT_WRITE) && traced(file))
        note(UNSUPPORTED, 0, 0, NULL, NULL, "mmap", 4);
}

void *mmap(void *at, size_t length, int protection, int flags, int file, off_t offset)
{
    refuse_shared(protection, flags, file);
    return REAL(mmap)(at, length, protection, flags, file, offset);
}

void *mmap64(void *at, size_t length, int protection, int flags, int file, off64_t offset)
{
    refuse_shared(protection, flags, file);
    return REAL(mmap64)(at, length, protection, flags, file, offset);
}

/* Names */

static int named(enum kind kind, int folder, const char *path, int (*call)(int, const char *, int), int argument)
{
    char name[PATH_MAX];
    if (!below(folder, path, name))
        return call(folder, path, argument);
    pthread_mutex_lock(&lock);
    int result = call(folder, path, argument);
    if (result == 0)
        note(kind, 0, 0, name, NULL, NULL, 0);
    int why = errno;
    pthread_mutex_unlock(&lock);
    errno = why;
    return result;
}

static int real_unlinkat(int folder, const char *path, int flags)
{
    return REAL(unlinkat)(folder, path, flags);
}

static int real_mkdirat(int folder, const char *path, int mode)
{
    return REAL(mkdirat)(folder, path, mode);
}

int unlink(const char *path)
{
    return named(UNLINK, AT_FDCWD, path, real_unlinkat, 0);
}

int rmdir(const char *path)
{
    return named(RMDIR, AT_FDCWD, path, real_unlinkat, AT_REMOVEDIR);
}

int unlinkat(int folder, const char *path, int flags)
{
    return named(flags & AT_REMOVEDIR ? RMDIR : UNLINK, folder, path, real_unlinkat, flags);
}

int mkdir(const char *path, mode_t mode)
{
    return named(MKDIR, AT_FDCWD, path, real_mkdirat, mode);
}

int mkdirat(int folder, const char *path, mode_t mode)
{
    return named(MKDIR, folder, path, real_mkdirat, mode);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
    char name[PATH_MAX], other[PATH_MAX];
    if (!below(from_folder, from, name) || !below(to_folder, to, other))
        return REAL(renameat)(from_folder, from, to_folder, to);
    pthread_mutex_lock(&lock);
    int result = REAL(renameat)(from_folder, from, to_folder, to);
    if (result == 0)
        note(RENAME, 0, 0, name, other, NULL, 0);
    int why = errno;
    pthread_mutex_unlock(&lock);
    errno = why;
    return result;
}

int rename(const char *from, const char *to)
{
    return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int truncate(const char *path, off_t size)
{
    int file = open(path, O_WRONLY);
    if (file < 0)
        return -1;
    int result = ftruncate(file, size);
    close(file);
    return result;
}

int truncate64(const char *path, off64_t size)
{
    return truncate(path, size);
}
