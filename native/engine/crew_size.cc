// When the crew has fewer threads than it may have.
#include "crew_size.h"

#include <algorithm>
#include <cmath>

namespace lxmert {
namespace {

constexpr int64_t kMillisecond = 1000000;

// Time without a processor of all threads as a share of the time of the runs: below it others are not what keeps
// threads from computing. What a system does by itself takes a hundredth.
constexpr double kContended = 0.2;
// So much more than one thread fewer would have at most, n threads must have of processors. One question beside a busy
// program took as long with two threads on 1.4 processors as with one thread, and its slowest took longer.
constexpr double kWorthWhile = 0.45;
// Where all processors are taken, every thread has its part of them, and fewer threads have less. What a larger crew
// computes is partly looking on while it waits.
constexpr double kFewerAreBetter = 0.7;
// How long fewer threads compute before one more is tried: longer each time that it was in vain.
constexpr int64_t kLeastRest = 50 * kMillisecond;
constexpr int64_t kMostRest = 1600 * kMillisecond;

// Processor time that is saved up before the last thread computes again. More would make times less even: the system
// carries nothing from one period (of 100 ms) into the next, and stops who counts on it.
constexpr double kEnough = 20e6;

}  // namespace

int CrewSize::Choose(int wanted, int64_t now) {
  if (most_ < wanted && !is_trying_ && now >= rest_until_) {
    most_ += std::max(1, (wanted - most_) / 2);
    is_trying_ = true;
    BeginAgain();
  }
  return std::min(wanted, most_);
}

bool CrewSize::Judge(int num_threads, int64_t now, const CrewTimes& after) {
  const auto took = static_cast<double>(took_);
  const double caller_waited = static_cast<double>(after.caller_waited - before_.caller_waited) / took;
  const double others_waited = static_cast<double>(after.others_waited - before_.others_waited) / took;
  const double computed = std::min(1.0, static_cast<double>(after.caller_computed - before_.caller_computed) / took) +
                          static_cast<double>(after.others_computed - before_.others_computed) / took;
  BeginAgain();
  const bool should_move =
      caller_waited > kContended && (num_threads == 1 || caller_waited > others_waited / (num_threads - 1));
  if (computed_by_more_ > 0 && num_threads < more_) {
    const bool was_better = computed < kFewerAreBetter * computed_by_more_;
    computed_by_more_ = 0;
    if (was_better) {
      most_ = more_;
      keep_until_ = now + kMostRest;
    }
  }
  if (num_threads == 1) return should_move;
  const double waited = caller_waited + others_waited;
  // What is missing for want of work is not for want of processors.
  const bool is_contended = waited > kContended && waited > (num_threads - computed) / 2;
  if (!is_contended || now < keep_until_ || computed > num_threads - 1 + kWorthWhile) {
    if (is_trying_) rest_ = 0;
    is_trying_ = false;
    return should_move;
  }
  more_ = num_threads;
  computed_by_more_ = computed;
  most_ = std::clamp(num_threads - static_cast<int>(std::lround(waited)), 1, num_threads - 1);
  rest_ = std::clamp(is_trying_ ? 2 * rest_ : 0, kLeastRest, kMostRest);
  rest_until_ = now + rest_;
  is_trying_ = false;
  return should_move;
}

int QuotaPace::Choose(int wanted, int64_t now, int64_t spent) {
  const double earned = now_ == 0 ? kEnough : quota_ * static_cast<double>(now - now_);
  saved_ = std::min(kEnough, saved_ + earned - static_cast<double>(now_ == 0 ? 0 : spent - spent_));
  now_ = now;
  spent_ = spent;
  if (saved_ <= 0) is_saving_ = true;
  if (saved_ >= kEnough) is_saving_ = false;
  const int whole = std::max(1, static_cast<int>(quota_));
  return is_saving_ ? std::min(wanted, whole) : wanted;
}

}  // namespace lxmert
