package main

import (
	"math/bits"
	"time"
)

// subBuckets is into how many buckets each power of two is divided: a value is known to within 1 %.
const (
	subBucketBits = 7
	subBuckets    = 1 << subBucketBits
)

// histogram counts durations. Recording one allocates nothing and takes a few nanoseconds.
type histogram struct {
	counts [(64 - subBucketBits + 1) * subBuckets]uint32
	total  uint64
}

func bucketOf(nanoseconds uint64) int {
	exponent := max(bits.Len64(nanoseconds)-subBucketBits-1, 0)
	return exponent<<subBucketBits + int(nanoseconds>>exponent)
}

// middleOf is the value in the middle of a bucket, in nanoseconds.
func middleOf(bucket int) float64 {
	exponent := max(bucket>>subBucketBits-1, 0)
	lowest := uint64(bucket-exponent<<subBucketBits) << exponent
	return float64(lowest) + float64(uint64(1)<<exponent-1)/2
}

func (h *histogram) record(d time.Duration) {
	h.counts[bucketOf(uint64(max(d, 0)))]++
	h.total++
}

func (h *histogram) add(other *histogram) {
	for bucket, count := range other.counts {
		h.counts[bucket] += count
	}
	h.total += other.total
}

// quantile gives the duration in nanoseconds that the share of all durations does not exceed; 0 when there are none.
func (h *histogram) quantile(share float64) float64 {
	rank := uint64(share * float64(h.total))
	var seen uint64
	for bucket, count := range h.counts {
		seen += uint64(count)
		if count > 0 && seen > rank {
			return middleOf(bucket)
		}
	}
	return 0
}
