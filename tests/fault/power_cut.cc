// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// A library to preload: writes down all that a process does to the files below
// the folder that POWER_CUT_ROOT names, into the file POWER_CUT_JOURNAL. From
// that power_disk.py can tell what would be on the disk had the power failed at
// any moment: what was synced, and of the rest whatever a disk likes to keep.
// It knows no difference between the engine's files and Keyward's own.
//
// Nothing is synced in truth, which would only take time. A way to change files
// that is not written down here ends the process: a journal with holes would
// prove nothing.

#include <fcntl.h>
#include <linux/falloc.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <map>
#include <string>

namespace {

// As power_disk.py reads it.
enum class Op : uint32_t {
  kCreate = 1,  // path, file
  kTruncate,    // file, offset: its size
  kWrite,       // file, offset, data
  kSync,        // file
  kSyncFolder,  // path
  kRename,      // path, other
  kLink,        // path, other
  kUnlink,      // path
  kMakeFolder,  // path
};

struct Record {
  uint64_t end = 0;  // CLOCK_MONOTONIC, nanoseconds
  uint64_t file = 0;
  uint64_t offset = 0;
  uint32_t op = 0;
  uint32_t path_bytes = 0;
  uint32_t other_bytes = 0;
  uint32_t data_bytes = 0;
};

constexpr int kMaxFiles = 65536;

// By descriptor: the inode of a watched file that is open for writing.
std::atomic<uint64_t> files[kMaxFiles];

// One thing is done and written down at a time: the journal's order is that in
// which it happened.
pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
std::map<int, std::string>* folders = nullptr;  // descriptors of folders

class Lock {
 public:
  Lock() { pthread_mutex_lock(&mu); }
  ~Lock() { pthread_mutex_unlock(&mu); }
};

[[noreturn]] void Die(const char* what) {
  std::fprintf(stderr, "power_cut: %s: %s\n", what, strerror(errno));
  std::abort();
}

const char* Root() {
  static const char* const root = std::getenv("POWER_CUT_ROOT");
  return root;
}

int Journal() {
  static const int fd = [] {
    const char* const path = std::getenv("POWER_CUT_JOURNAL");
    const int opened =
        path == nullptr ? -1
                        : static_cast<int>(syscall(
                              SYS_openat, AT_FDCWD, path,
                              O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600));
    if (opened < 0) Die("POWER_CUT_JOURNAL");
    return opened;
  }();
  return fd;
}

bool Watched(const char* path) {
  const char* const root = Root();
  if (root == nullptr || path == nullptr) return false;
  const size_t size = std::strlen(root);
  return std::strncmp(path, root, size) == 0 &&
         (path[size] == '/' || path[size] == '\0');
}

uint64_t WatchedFile(int fd) {
  return fd >= 0 && fd < kMaxFiles ? files[fd].load() : 0;
}

uint64_t Inode(int fd) {
  struct stat info = {};
  if (fstat(fd, &info) != 0) Die("fstat");
  return info.st_ino;
}

// Under the lock, once it is done.
void Note(Op op, uint64_t file, uint64_t offset, const char* path,
          const char* other = "", const void* data = nullptr, size_t size = 0) {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  Record record;
  record.end = static_cast<uint64_t>(now.tv_sec) * 1000000000 + now.tv_nsec;
  record.file = file;
  record.offset = offset;
  record.op = static_cast<uint32_t>(op);
  record.path_bytes = std::strlen(path);
  record.other_bytes = std::strlen(other);
  record.data_bytes = size;
  std::string bytes(reinterpret_cast<const char*>(&record), sizeof(record));
  bytes.append(path).append(other);
  bytes.append(static_cast<const char*>(data), size);
  const char* next = bytes.data();
  for (size_t left = bytes.size(); left > 0;) {
    const long written =  // NOLINT: a system call's
        syscall(SYS_write, Journal(), next, left);
    if (written <= 0) Die("the journal cannot be written");
    next += written;
    left -= written;
  }
}

int OpenWatched(const char* path, int flags, mode_t mode) {
  const Lock lock;
  const bool existed = syscall(SYS_faccessat, AT_FDCWD, path, F_OK) == 0;
  const int fd =
      static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, flags, mode));
  if (fd < 0) return fd;
  if (fd >= kMaxFiles) Die("too many open files");
  const bool writes = (flags & O_ACCMODE) != O_RDONLY;
  files[fd] = writes ? Inode(fd) : 0;
  if (folders == nullptr) folders = new std::map<int, std::string>();
  folders->erase(fd);
  struct stat info = {};
  if (!writes && fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) {
    (*folders)[fd] = path;
  }
  if (!existed) {
    Note(Op::kCreate, Inode(fd), 0, path);
  } else if (writes && (flags & O_TRUNC) != 0) {
    Note(Op::kTruncate, Inode(fd), 0, "");
  }
  return fd;
}

ssize_t WriteWatched(int fd, const void* data, size_t size, off_t offset) {
  const Lock lock;
  const uint64_t file = WatchedFile(fd);
  const int flags = fcntl(fd, F_GETFL);
  off_t at = offset;
  if (offset < 0 && (flags & O_APPEND) != 0) {
    at = lseek(fd, 0, SEEK_END);
  } else if (offset < 0) {
    at = lseek(fd, 0, SEEK_CUR);
  }
  if (at < 0) Die("lseek");
  const ssize_t written = offset < 0
                              ? syscall(SYS_write, fd, data, size)
                              : syscall(SYS_pwrite64, fd, data, size, offset);
  if (written > 0) Note(Op::kWrite, file, at, "", "", data, written);
  return written;
}

int SyncWatched(int fd) {
  const Lock lock;
  if (const uint64_t file = WatchedFile(fd); file != 0) {
    Note(Op::kSync, file, 0, "");
  } else if (folders != nullptr && folders->count(fd) > 0) {
    Note(Op::kSyncFolder, 0, 0, (*folders)[fd].c_str());
  }
  return 0;
}

// Runs a system call on names, and writes it down if it succeeded.
template <typename Call>
int Named(Op op, const char* path, const char* other, Call call) {
  if (!Watched(path)) return static_cast<int>(call());
  const Lock lock;
  const int result = static_cast<int>(call());
  if (result == 0) Note(op, 0, 0, path, other);
  return result;
}

mode_t ModeOf(int flags, va_list arguments) {
  return (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = ModeOf(flags, arguments);
  va_end(arguments);
  if (Watched(path)) return OpenWatched(path, flags, mode);
  return static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}

int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = ModeOf(flags, arguments);
  va_end(arguments);
  return open(path, flags, mode);
}

int openat(int folder, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = ModeOf(flags, arguments);
  va_end(arguments);
  if (Watched(path)) return OpenWatched(path, flags, mode);
  return static_cast<int>(syscall(SYS_openat, folder, path, flags, mode));
}

// What a fortified program calls instead.
int __open_2(const char* path, int flags) { return open(path, flags); }
int __open64_2(const char* path, int flags) { return open(path, flags); }
int __openat_2(int folder, const char* path, int flags) {
  return openat(folder, path, flags);
}

int creat(const char* path, mode_t mode) {
  return open(path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

int mkostemp(char* name, int flags) {
  static std::atomic<unsigned> next{0};
  char* const end = name + std::strlen(name) - 6;
  for (int attempt = 0; attempt < 100; ++attempt) {
    char digits[16];
    std::snprintf(digits, sizeof(digits), "%06u",
                  (next++ + static_cast<unsigned>(getpid()) * 100) % 1000000);
    std::memcpy(end, digits, 6);
    const int fd = open(name, flags | O_RDWR | O_CREAT | O_EXCL, 0600);
    if (fd >= 0 || errno != EEXIST) return fd;
  }
  return -1;
}

FILE* fopen(const char* path, const char* mode) {
  if (Watched(path) && mode[0] != 'r') Die("fopen for writing");
  const bool plus = std::strchr(mode, '+') != nullptr;
  int flags = plus ? O_RDWR : O_RDONLY;
  if (mode[0] == 'w') flags = (plus ? O_RDWR : O_WRONLY) | O_CREAT | O_TRUNC;
  if (mode[0] == 'a') flags = (plus ? O_RDWR : O_WRONLY) | O_CREAT | O_APPEND;
  const int fd = static_cast<int>(
      syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0666));
  return fd < 0 ? nullptr : fdopen(fd, mode);
}

FILE* fopen64(const char* path, const char* mode) { return fopen(path, mode); }

int close(int fd) {
  if (fd >= 0 && fd < kMaxFiles) {
    const Lock lock;
    files[fd] = 0;
    if (folders != nullptr) folders->erase(fd);
  }
  return static_cast<int>(syscall(SYS_close, fd));
}

ssize_t write(int fd, const void* data, size_t size) {
  if (WatchedFile(fd) == 0) return syscall(SYS_write, fd, data, size);
  return WriteWatched(fd, data, size, -1);
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  if (WatchedFile(fd) == 0) {
    return syscall(SYS_pwrite64, fd, data, size, offset);
  }
  return WriteWatched(fd, data, size, offset);
}

ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
  return pwrite(fd, data, size, offset);
}

ssize_t writev(int fd, const iovec* parts, int count) {
  if (WatchedFile(fd) != 0) Die("writev");
  return syscall(SYS_writev, fd, parts, count);
}

int ftruncate(int fd, off_t size) noexcept {
  const Lock lock;
  const int result = static_cast<int>(syscall(SYS_ftruncate, fd, size));
  const uint64_t file = WatchedFile(fd);
  if (result == 0 && file != 0) Note(Op::kTruncate, file, size, "");
  return result;
}

int ftruncate64(int fd, off64_t size) noexcept { return ftruncate(fd, size); }

int fallocate(int fd, int mode, off_t offset, off_t size) {
  if (WatchedFile(fd) != 0 && (mode & FALLOC_FL_KEEP_SIZE) == 0) {
    Die("fallocate");
  }
  return static_cast<int>(syscall(SYS_fallocate, fd, mode, offset, size));
}

int posix_fallocate(int fd, off_t offset, off_t size) {
  if (WatchedFile(fd) != 0) Die("posix_fallocate");
  return syscall(SYS_fallocate, fd, 0, offset, size) == 0 ? 0 : errno;
}

void* mmap(void* at, size_t size, int protection, int flags, int fd,
           off_t offset) noexcept {
  const bool shared = (flags & MAP_SHARED) != 0 && (protection & PROT_WRITE);
  if (shared && WatchedFile(fd) != 0) Die("mmap for writing");
  return reinterpret_cast<void*>(
      syscall(SYS_mmap, at, size, protection, flags, fd, offset));
}

int fsync(int fd) { return SyncWatched(fd); }
int fdatasync(int fd) { return SyncWatched(fd); }

int rename(const char* from, const char* to) noexcept {
  return Named(Op::kRename, from, to, [&] {
    return syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
  });
}

int link(const char* from, const char* to) noexcept {
  return Named(Op::kLink, from, to, [&] {
    return syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
  });
}

int unlink(const char* path) noexcept {
  return Named(Op::kUnlink, path, "",
               [&] { return syscall(SYS_unlinkat, AT_FDCWD, path, 0); });
}

int remove(const char* path) noexcept {
  if (unlink(path) == 0) return 0;
  if (errno != EISDIR) return -1;
  return rmdir(path);
}

int rmdir(const char* path) noexcept {
  return Named(Op::kUnlink, path, "", [&] {
    return syscall(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR);
  });
}

int mkdir(const char* path, mode_t mode) noexcept {
  return Named(Op::kMakeFolder, path, "",
               [&] { return syscall(SYS_mkdirat, AT_FDCWD, path, mode); });
}

}  // extern "C"
