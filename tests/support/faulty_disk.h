// FaultyDisk: a layer between SQLite and its files, for tests. It makes the Nth write, sync or truncation fail, and knows
// for every file which bytes a sync has made safe, so that it can say what a power cut would leave behind. After a sync that
// failed, what it should have made safe is lost for good, although reading still shows it: as Linux does it. Database files
// and logs only; the shared index beside the log is rebuilt by SQLite and is left alone.
#pragma once
#include <sqlite3.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "base/ensure.h"

namespace aldis::testing_support {

class FaultyDisk {
 public:
  struct Plan {
    std::size_t nth = std::numeric_limits<std::size_t>::max();  // of all operations from now on, from 0
    int write_code = SQLITE_IOERR_WRITE;
    int sync_code = SQLITE_IOERR_FSYNC;
    bool fails_ever_after = false;
  };

  FaultyDisk() {
    static std::atomic<int> count{0};
    name_ = "faulty-disk-" + std::to_string(++count);
    real_ = sqlite3_vfs_find(nullptr);
    vfs_ = *real_;
    vfs_.pNext = nullptr;
    vfs_.zName = name_.c_str();
    vfs_.pAppData = this;
    vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
    vfs_.xOpen = &FaultyDisk::open;
    vfs_.xDelete = &FaultyDisk::remove;
    ensure(sqlite3_vfs_register(&vfs_, 0) == SQLITE_OK, "a VFS can be registered");
  }
  ~FaultyDisk() { sqlite3_vfs_unregister(&vfs_); }
  FaultyDisk(const FaultyDisk&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }
  void plan(Plan plan) {
    const std::lock_guard lock(mutex_);
    plan_ = plan;
    operations_ = 0;
    has_failed_ = false;
  }
  void heal() { plan(Plan{}); }
  [[nodiscard]] bool has_failed() const {
    const std::lock_guard lock(mutex_);
    return has_failed_;
  }
  [[nodiscard]] std::size_t syncs() const {
    const std::lock_guard lock(mutex_);
    return syncs_;
  }
  // Whether these bytes would be found after a power cut now.
  [[nodiscard]] bool is_safe(std::string_view bytes) const {
    const std::lock_guard lock(mutex_);
    for (const auto& [path, entry] : entries_) {
      if (entry->exists && entry->safe.find(bytes) != std::string::npos) {
        return true;
      }
    }
    return false;
  }
  // What a power cut now could leave: the safe bytes, and of what was written since any part, torn at 512 bytes.
  void cut_power(const std::filesystem::path& into, std::mt19937& random) const {
    const std::lock_guard lock(mutex_);
    const std::uint32_t kept_of_8 = random() % 9;
    for (const auto& [path, entry] : entries_) {
      if (!entry->exists) {
        continue;
      }
      std::string bytes = entry->safe;
      for (const Change& change : entry->unsafe) {
        for (std::size_t at = 0; at < std::max<std::size_t>(change.bytes.size(), 1); at += 512) {
          if (random() % 8 < kept_of_8) {
            change.apply(bytes, at, 512);
          }
        }
      }
      const auto target = into / std::filesystem::path(path).filename();
      std::ofstream(target, std::ios::binary) << bytes;
      std::filesystem::permissions(target, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    }
  }

 private:
  struct Change {
    bool truncates = false;
    std::size_t offset = 0;
    std::string bytes;
    void apply(std::string& file, std::size_t from, std::size_t count) const {
      if (truncates) {
        file.resize(offset);
        return;
      }
      const std::string_view part = std::string_view(bytes).substr(from, count);
      file.resize(std::max(file.size(), offset + from + part.size()));
      std::memcpy(file.data() + offset + from, part.data(), part.size());
    }
  };
  struct Entry {
    bool exists = true;
    std::string safe;
    std::vector<Change> unsafe;
  };
  struct File {
    sqlite3_file base;
    FaultyDisk* disk;
    Entry* entry;
    [[nodiscard]] sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  };
  static File* of(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
  static FaultyDisk* of(sqlite3_vfs* vfs) { return static_cast<FaultyDisk*>(vfs->pAppData); }

  bool fails_now() {
    const std::size_t operation = operations_++;
    const bool fails = operation == plan_.nth || (plan_.fails_ever_after && operation > plan_.nth);
    has_failed_ = has_failed_ || fails;
    return fails;
  }

  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* out, int flags, int* out_flags) {
    FaultyDisk* disk = of(vfs);
    File* file = of(out);
    file->disk = disk;
    file->entry = nullptr;
    file->base.pMethods = nullptr;
    const int code = disk->real_->xOpen(disk->real_, name, file->real(), flags, out_flags);
    if (code != SQLITE_OK) {
      return code;
    }
    file->base.pMethods = methods();
    if (name != nullptr && (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) != 0) {
      const std::lock_guard lock(disk->mutex_);
      auto& entry = disk->entries_[name];
      if (!entry) {
        entry = std::make_unique<Entry>();
        std::ifstream there(name, std::ios::binary);
        entry->safe.assign(std::istreambuf_iterator<char>(there), {});
      }
      entry->exists = true;
      file->entry = entry.get();
    }
    return SQLITE_OK;
  }
  static int remove(sqlite3_vfs* vfs, const char* name, int sync_folder) {
    FaultyDisk* disk = of(vfs);
    {
      const std::lock_guard lock(disk->mutex_);
      if (const auto entry = disk->entries_.find(name); entry != disk->entries_.end()) {
        entry->second->exists = false;
        entry->second->safe.clear();
        entry->second->unsafe.clear();
      }
    }
    return disk->real_->xDelete(disk->real_, name, sync_folder);
  }
  static int write(sqlite3_file* out, const void* data, int size, sqlite3_int64 offset) {
    File* file = of(out);
    int code = SQLITE_OK;
    if (file->entry != nullptr) {
      const std::lock_guard lock(file->disk->mutex_);
      if (file->disk->fails_now()) {
        code = file->disk->plan_.write_code;
        size /= 2;  // a disk may fill up in the middle
      }
      file->entry->unsafe.push_back({false, static_cast<std::size_t>(offset), std::string(static_cast<const char*>(data), static_cast<std::size_t>(size))});
    }
    const int written = file->real()->pMethods->xWrite(file->real(), data, size, offset);
    return code != SQLITE_OK ? code : written;
  }
  static int truncate(sqlite3_file* out, sqlite3_int64 size) {
    File* file = of(out);
    if (file->entry != nullptr) {
      const std::lock_guard lock(file->disk->mutex_);
      if (file->disk->plan_.write_code != SQLITE_FULL && file->disk->fails_now()) {  // a full disk can still shorten a file
        return SQLITE_IOERR_TRUNCATE;
      }
      file->entry->unsafe.push_back({true, static_cast<std::size_t>(size), {}});
    }
    return file->real()->pMethods->xTruncate(file->real(), size);
  }
  static int sync(sqlite3_file* out, int) {
    File* file = of(out);
    if (file->entry == nullptr) {
      return SQLITE_OK;
    }
    // The bytes need not reach a real disk: what is safe is kept here.
    const std::lock_guard lock(file->disk->mutex_);
    ++file->disk->syncs_;
    if (file->disk->fails_now()) {
      file->entry->unsafe.clear();  // clean to the kernel, and never on the disk
      return file->disk->plan_.sync_code;
    }
    for (const Change& change : file->entry->unsafe) {
      change.apply(file->entry->safe, 0, std::string::npos);
    }
    file->entry->unsafe.clear();
    return SQLITE_OK;
  }

  static const sqlite3_io_methods* methods() {
    static const sqlite3_io_methods all = [] {
      sqlite3_io_methods m{};
      m.iVersion = 2;  // shared memory, no mapping of files
      m.xClose = [](sqlite3_file* f) { return of(f)->real()->pMethods->xClose(of(f)->real()); };
      m.xRead = [](sqlite3_file* f, void* to, int n, sqlite3_int64 at) { return of(f)->real()->pMethods->xRead(of(f)->real(), to, n, at); };
      m.xWrite = &FaultyDisk::write;
      m.xTruncate = &FaultyDisk::truncate;
      m.xSync = &FaultyDisk::sync;
      m.xFileSize = [](sqlite3_file* f, sqlite3_int64* n) { return of(f)->real()->pMethods->xFileSize(of(f)->real(), n); };
      m.xLock = [](sqlite3_file* f, int l) { return of(f)->real()->pMethods->xLock(of(f)->real(), l); };
      m.xUnlock = [](sqlite3_file* f, int l) { return of(f)->real()->pMethods->xUnlock(of(f)->real(), l); };
      m.xCheckReservedLock = [](sqlite3_file* f, int* r) { return of(f)->real()->pMethods->xCheckReservedLock(of(f)->real(), r); };
      m.xFileControl = [](sqlite3_file* f, int op, void* arg) { return of(f)->real()->pMethods->xFileControl(of(f)->real(), op, arg); };
      m.xSectorSize = [](sqlite3_file* f) { return of(f)->real()->pMethods->xSectorSize(of(f)->real()); };
      m.xDeviceCharacteristics = [](sqlite3_file* f) { return of(f)->real()->pMethods->xDeviceCharacteristics(of(f)->real()); };
      m.xShmMap = [](sqlite3_file* f, int page, int size, int extend, void volatile** to) {
        return of(f)->real()->pMethods->xShmMap(of(f)->real(), page, size, extend, to);
      };
      m.xShmLock = [](sqlite3_file* f, int at, int n, int flags) { return of(f)->real()->pMethods->xShmLock(of(f)->real(), at, n, flags); };
      m.xShmBarrier = [](sqlite3_file* f) { of(f)->real()->pMethods->xShmBarrier(of(f)->real()); };
      m.xShmUnmap = [](sqlite3_file* f, int del) { return of(f)->real()->pMethods->xShmUnmap(of(f)->real(), del); };
      return m;
    }();
    return &all;
  }

  mutable std::mutex mutex_;
  std::string name_;
  sqlite3_vfs* real_ = nullptr;
  sqlite3_vfs vfs_{};
  Plan plan_;
  std::size_t operations_ = 0;
  std::size_t syncs_ = 0;
  bool has_failed_ = false;
  std::map<std::string, std::unique_ptr<Entry>> entries_;
};

}  // namespace aldis::testing_support
