// Creation and checks of the database's folder and file.
#include "storage/sql/database_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace aldis::sql {
namespace {

Unexpected<Error> system_failure(const std::filesystem::path& path, const char* during) {
  const int code = errno;
  const ErrorKind kind = code == ENOSPC || code == EDQUOT ? ErrorKind::full
                         : code == EACCES || code == EPERM || code == ELOOP ? ErrorKind::denied
                                                                            : ErrorKind::unavailable;
  return fail(kind, path.string() + ": " + during + ": " + std::strerror(code));
}

Result<void> sync_folder(const std::filesystem::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) {
    return system_failure(folder, "open");
  }
  const int code = ::fsync(descriptor);
  const int error = errno;
  ::close(descriptor);
  if (code != 0) {
    errno = error;
    return system_failure(folder, "fsync");
  }
  return {};
}

Result<void> prepare_folder(const std::filesystem::path& folder) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return system_failure(folder, "mkdir");
  }
  struct stat found {};
  if (::stat(folder.c_str(), &found) != 0) {
    return system_failure(folder, "stat");
  }
  if (!S_ISDIR(found.st_mode)) {
    return fail(ErrorKind::denied, folder.string() + ": not a folder");
  }
  if ((found.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return fail(ErrorKind::denied, folder.string() + ": others may write to this folder; run: chmod go-w");
  }
  return {};
}

// Files that are there must be plain files of nobody else's.
Result<void> check_file(const std::filesystem::path& path) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) {
    return errno == ENOENT ? Result<void>{} : system_failure(path, "lstat");
  }
  if (!S_ISREG(found.st_mode)) {
    return fail(ErrorKind::denied, path.string() + ": not a plain file");
  }
  if ((found.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return fail(ErrorKind::denied, path.string() + ": others may reach this file, which holds keys; run: chmod 600");
  }
  return {};
}

}  // namespace

Result<void> prepare_database_file(const std::filesystem::path& path) {
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  if (Result<void> prepared = prepare_folder(folder); !prepared) {
    return prepared;
  }
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
    if (Result<void> checked = check_file(path.string() + suffix); !checked) {
      return checked;
    }
  }
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    return system_failure(path, "open");
  }
  ::close(descriptor);
  return sync_folder(folder);
}

}  // namespace aldis::sql
