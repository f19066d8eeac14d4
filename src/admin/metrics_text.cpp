// base/metrics.h's list as prometheus-cpp's families. Metrics of one name are one family, whoever declared them.
#include "admin/metrics_text.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <limits>
#include <map>

#include "base/metrics.h"

namespace aldis::admin {
namespace {

prometheus::MetricType type_of(metrics::Kind kind) {
  switch (kind) {
    case metrics::Kind::counter: return prometheus::MetricType::Counter;
    case metrics::Kind::gauge: return prometheus::MetricType::Gauge;
    case metrics::Kind::histogram: return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

prometheus::ClientMetric sample(const metrics::Metric& metric) {
  prometheus::ClientMetric out;
  for (const auto& [name, value] : metric.labels()) {
    out.label.push_back({name, value});
  }
  switch (metric.kind()) {
    case metrics::Kind::counter:
      out.counter.value = static_cast<double>(static_cast<const metrics::Counter&>(metric).value());
      break;
    case metrics::Kind::gauge:
      out.gauge.value = static_cast<double>(static_cast<const metrics::Gauge&>(metric).value());
      break;
    case metrics::Kind::histogram: {
      const auto snapshot = static_cast<const metrics::Histogram&>(metric).snapshot();
      out.histogram.sample_count = snapshot.total;
      out.histogram.sample_sum = snapshot.sum;
      std::uint64_t cumulative = 0;
      for (std::size_t i = 0; i < snapshot.counts.size(); ++i) {
        cumulative += snapshot.counts[i];
        const double bound = i < snapshot.bounds.size() ? snapshot.bounds[i] : std::numeric_limits<double>::infinity();
        out.histogram.bucket.push_back({cumulative, bound});
      }
      break;
    }
  }
  return out;
}

}  // namespace

std::string metrics_text() {
  std::map<std::string, prometheus::MetricFamily> families;
  metrics::for_each([&](const metrics::Metric& metric) {
    prometheus::MetricFamily& family = families[metric.name()];
    if (family.metric.empty()) {
      family.name = metric.name();
      family.help = metric.help();
      family.type = type_of(metric.kind());
    }
    if (family.type == type_of(metric.kind())) {
      family.metric.push_back(sample(metric));
    }
  });
  std::vector<prometheus::MetricFamily> list;
  for (auto& [name, family] : families) {
    list.push_back(std::move(family));
  }
  return prometheus::TextSerializer().Serialize(list);
}

}  // namespace aldis::admin
