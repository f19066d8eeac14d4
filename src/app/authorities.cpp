// Files of anchors.
#include "app/authorities.h"

#include <fstream>
#include <sstream>

#include "policy/peer_options.h"

namespace aldis::app {

std::map<std::string, std::string> peer_anchors_in_use(const Config& config) {
  std::map<std::string, std::string> files;
  const auto& federation = config.section<policy::FederationOptions>("federation");
  const auto add = [&](const std::string& file, const std::string& who) {
    std::string& all = files[config.resolve(file)];
    all.append(all.empty() ? "" : ", ").append(who);
  };
  bool has_default = false;
  bool uses_servers = false;
  for (const OptionObject& object : config.peers) {
    const auto& peer = object.as<policy::PeerOptions>();
    has_default = has_default || peer.domain == "default";
    if (peer.action == policy::PeerAction::reject || !peer.via.empty()) {
      continue;
    }
    if (peer.anchors.empty()) {
      uses_servers = true;
    } else {
      add(peer.anchors, "anchors of [[peer]] " + peer.domain);
    }
  }
  if (uses_servers || (!has_default && federation.profile == policy::Profile::open)) {
    add(federation.anchors, "anchors of [federation]");
  }
  return files;
}

void AuthorityFiles::follow(const Config& config) {
  std::vector<std::string> paths;
  for (const DomainConfig& domain : config.domains) {
    for (const std::string& name : domain.get().client_anchors) {
      paths.push_back(config.resolve(name));
    }
  }
  for (const auto& [path, who] : peer_anchors_in_use(config)) {
    paths.push_back(path);
  }
  const std::lock_guard lock(mutex_);
  paths_ = std::move(paths);
}

std::vector<std::shared_ptr<X509>> AuthorityFiles::read() const {
  const auto paths = [this] {
    const std::lock_guard lock(mutex_);
    return paths_;
  }();
  std::vector<std::shared_ptr<X509>> all;
  for (const std::string& path : paths) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    if (const auto made = tls::TrustStore::make({.anchors_pem = std::move(text).str()})) {
      all.insert(all.end(), (*made)->anchors().begin(), (*made)->anchors().end());
    }
  }
  return all;
}

}  // namespace aldis::app
