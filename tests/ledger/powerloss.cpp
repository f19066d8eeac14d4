// A layer under a server, preloaded (LD_PRELOAD): it keeps a log of what the process does to the files of one folder,
// so that image.py can say what a disk would hold had the power gone at any moment; and it makes writing or syncing
// there fail on command. It sees what goes through the C library's symbols, which is all that SQLite does; not stdio's
// own writing, and not memory that is mapped (SQLite's -shm, which is made anew at every start anyway).
//
//   POWERLOSS_FOLDER   absolute path of the folder
//   POWERLOSS_LOG      the log, appended to: records of 32 bytes (struct Record), then the path, then the data; none:
//   no log POWERLOSS_FAULTS   a file of three 32-bit numbers, read through shared memory (struct Faults); none: no
//   faults
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <mutex>

#define EXPORTED extern "C" __attribute__((visibility("default")))

namespace {

/// Of what happened, in the order in which it happened; image.py reads this.
struct Record {
  std::uint8_t kind;  ///< 'o' made a file, 'w' wrote, 't' truncated (offset: new size), 's' sync begins, 'S' it
                      ///< succeeded, 'u' unlinked, 'r' renamed (data: new path)
  std::uint8_t unused;
  std::uint16_t path_size;
  std::uint32_t data_size;
  std::uint64_t offset;
  std::uint64_t nanoseconds;  ///< CLOCK_MONOTONIC, before the operation
  std::uint64_t sync;         ///< number of the sync that begins or succeeded
};
static_assert(sizeof(Record) == 32);

struct Faults {
  std::atomic<std::int32_t> of_write;  ///< errno of write, pwrite, ftruncate; 0: none
  std::atomic<std::int32_t> of_sync;   ///< errno of fsync, fdatasync; 0: none
  std::atomic<std::int32_t> spared;    ///< operations that still succeed
};

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

struct State {
  std::mutex mutex;
  char folder[PATH_MAX]{};
  std::size_t folder_size = 0;
  int log = -1;
  Faults* faults = nullptr;
  std::uint64_t syncs = 0;

  State() {
    const char* where = std::getenv("POWERLOSS_FOLDER");
    if (where == nullptr || std::strlen(where) >= sizeof folder) {
      return;
    }
    std::strcpy(folder, where);
    folder_size = std::strlen(folder);
    const auto open_next = next<int(const char*, int, ...)>("open");
    if (const char* path = std::getenv("POWERLOSS_LOG")) {
      log = open_next(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    }
    if (const char* path = std::getenv("POWERLOSS_FAULTS")) {
      const int fd = open_next(path, O_RDWR | O_CLOEXEC);
      void* const memory = mmap(nullptr, sizeof(Faults), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
      faults = memory == MAP_FAILED ? nullptr : static_cast<Faults*>(memory);
      next<int(int)>("close")(fd);
    }
  }

  /// Path relative to the folder, or null; `into` has room for PATH_MAX.
  const char* ours(const char* path) const {
    const bool is_ours = folder_size > 0 && std::strncmp(path, folder, folder_size) == 0 && path[folder_size] == '/';
    return is_ours ? path + folder_size + 1 : nullptr;
  }
  const char* ours(int fd, char* into) const {
    if (folder_size == 0) {
      return nullptr;
    }
    char link[40];
    std::strcpy(link, "/proc/self/fd/");
    char digits[12];
    int size = 0;
    for (int rest = fd; rest > 0 || size == 0; rest /= 10) {
      digits[size++] = static_cast<char>('0' + rest % 10);
    }
    char* end = link + std::strlen(link);
    while (size > 0) {
      *end++ = digits[--size];
    }
    *end = '\0';
    const auto got = readlink(link, into, PATH_MAX - 1);
    if (got <= 0) {
      return nullptr;
    }
    into[got] = '\0';
    return ours(into);
  }

  void write_log(std::uint8_t kind, const char* path, std::uint64_t offset, const void* data, std::size_t size,
                 std::uint64_t time, std::uint64_t sync = 0) const {
    if (log < 0) {
      return;
    }
    const Record record{
        kind, 0, static_cast<std::uint16_t>(std::strlen(path)), static_cast<std::uint32_t>(size), offset, time, sync};
    const std::array<iovec, 3> parts{iovec{const_cast<Record*>(&record), sizeof record},
                                     iovec{const_cast<char*>(path), record.path_size},
                                     iovec{const_cast<void*>(data), size}};
    const auto wanted = static_cast<ssize_t>(sizeof record + record.path_size + size);
    if (writev(log, parts.data(), 3) != wanted) {
      static constexpr char complaint[] = "powerloss: the log cannot be written\n";
      static_cast<void>(
          !next<ssize_t(int, const void*, std::size_t)>("write")(STDERR_FILENO, complaint, sizeof complaint - 1));
      std::abort();
    }
  }

  bool fails(std::atomic<std::int32_t> Faults::*which) const {
    const int error = faults == nullptr ? 0 : (faults->*which).load();
    if (error == 0 || faults->spared.fetch_sub(1) > 0) {
      return false;
    }
    faults->spared.store(0);
    errno = error;
    return true;
  }
};

State& state() {
  static State* const it = new State;  // files are closed after static objects are gone
  return *it;
}

std::uint64_t now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(time.tv_nsec);
}

ssize_t logged_write(int fd, const void* data, std::size_t size, off64_t offset, bool is_positioned) {
  const auto pwrite_next = next<ssize_t(int, const void*, std::size_t, off64_t)>("pwrite64");
  const auto write_next = next<ssize_t(int, const void*, std::size_t)>("write");
  char path[PATH_MAX];
  State& it = state();
  const char* const relative = it.ours(fd, path);
  if (relative == nullptr) {
    return is_positioned ? pwrite_next(fd, data, size, offset) : write_next(fd, data, size);
  }
  if (it.fails(&Faults::of_write)) {
    return -1;
  }
  const std::lock_guard lock(it.mutex);
  const auto time = now();
  const off64_t at =
      is_positioned ? offset : lseek64(fd, 0, (fcntl(fd, F_GETFL) & O_APPEND) != 0 ? SEEK_END : SEEK_CUR);
  const ssize_t done = is_positioned ? pwrite_next(fd, data, size, offset) : write_next(fd, data, size);
  if (done > 0) {
    it.write_log('w', relative, static_cast<std::uint64_t>(at), data, static_cast<std::size_t>(done), time);
  }
  return done;
}

int logged_truncate(int fd, off64_t size) {
  const auto truncate_next = next<int(int, off64_t)>("ftruncate64");
  char path[PATH_MAX];
  State& it = state();
  const char* const relative = it.ours(fd, path);
  if (relative == nullptr) {
    return truncate_next(fd, size);
  }
  if (it.fails(&Faults::of_write)) {
    return -1;
  }
  const std::lock_guard lock(it.mutex);
  const auto time = now();
  const int result = truncate_next(fd, size);
  if (result == 0) {
    it.write_log('t', relative, static_cast<std::uint64_t>(size), nullptr, 0, time);
  }
  return result;
}

/// What was written before the sync began is durable when it has succeeded; what is written meanwhile may be.
int logged_sync(int fd, const char* name) {
  const auto sync_next = next<int(int)>(name);
  char path[PATH_MAX];
  State& it = state();
  const char* relative = it.ours(fd, path);
  if (relative == nullptr && std::strcmp(path, it.folder) == 0 && it.folder_size > 0) {
    relative = ".";
  }
  if (relative == nullptr) {
    return sync_next(fd);
  }
  if (it.fails(&Faults::of_sync)) {
    return -1;
  }
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(it.mutex);
    number = ++it.syncs;
    it.write_log('s', relative, 0, nullptr, 0, now(), number);
  }
  const int result = sync_next(fd);
  if (result == 0) {
    const std::lock_guard lock(it.mutex);
    it.write_log('S', relative, 0, nullptr, 0, now(), number);
  }
  return result;
}

int logged_open(const char* name, const char* path, int flags, mode_t mode) {
  const auto open_next = next<int(const char*, int, ...)>(name);
  State& it = state();
  const char* const relative = (flags & (O_CREAT | O_TRUNC)) != 0 ? it.ours(path) : nullptr;
  if (relative == nullptr) {
    return open_next(path, flags, mode);
  }
  const std::lock_guard lock(it.mutex);
  struct stat before {};
  const bool was_there = stat(path, &before) == 0;
  const auto time = now();
  const int fd = open_next(path, flags, mode);
  if (fd >= 0 && !was_there) {
    it.write_log('o', relative, 0, nullptr, 0, time);
  } else if (fd >= 0 && (flags & O_TRUNC) != 0) {
    it.write_log('t', relative, 0, nullptr, 0, time);
  }
  return fd;
}

mode_t mode_of(int flags, std::va_list arguments) {
  return (flags & O_CREAT) != 0 ? static_cast<mode_t>(va_arg(arguments, unsigned)) : 0;
}

}  // namespace

EXPORTED int open(const char* path, int flags, ...) {
  std::va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return logged_open("open", path, flags, mode);
}
EXPORTED int open64(const char* path, int flags, ...) {
  std::va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return logged_open("open64", path, flags, mode);
}
EXPORTED ssize_t write(int fd, const void* data, std::size_t size) {
  return logged_write(fd, data, size, 0, false);
}
EXPORTED ssize_t pwrite(int fd, const void* data, std::size_t size, off_t offset) {
  return logged_write(fd, data, size, offset, true);
}
EXPORTED ssize_t pwrite64(int fd, const void* data, std::size_t size, off64_t offset) {
  return logged_write(fd, data, size, offset, true);
}
EXPORTED int ftruncate(int fd, off_t size) noexcept {
  return logged_truncate(fd, size);
}
EXPORTED int ftruncate64(int fd, off64_t size) noexcept {
  return logged_truncate(fd, size);
}
EXPORTED int fsync(int fd) {
  return logged_sync(fd, "fsync");
}
EXPORTED int fdatasync(int fd) {
  return logged_sync(fd, "fdatasync");
}
EXPORTED int unlink(const char* path) noexcept {
  const auto unlink_next = next<int(const char*)>("unlink");
  State& it = state();
  const char* const relative = it.ours(path);
  if (relative == nullptr) {
    return unlink_next(path);
  }
  const std::lock_guard lock(it.mutex);
  const auto time = now();
  const int result = unlink_next(path);
  if (result == 0) {
    it.write_log('u', relative, 0, nullptr, 0, time);
  }
  return result;
}
EXPORTED int rename(const char* from, const char* to) noexcept {
  const auto rename_next = next<int(const char*, const char*)>("rename");
  State& it = state();
  const char* const relative = it.ours(from);
  const char* const target = it.ours(to);
  if (relative == nullptr || target == nullptr) {
    return rename_next(from, to);
  }
  const std::lock_guard lock(it.mutex);
  const auto time = now();
  const int result = rename_next(from, to);
  if (result == 0) {
    it.write_log('r', relative, 0, target, std::strlen(target), time);
  }
  return result;
}
