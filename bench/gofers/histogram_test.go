package main

import (
	"math"
	"testing"
	"time"
)

func TestBucketsHoldTheirMiddle(t *testing.T) {
	for _, value := range []uint64{0, 1, 127, 128, 129, 255, 256, 257, 1000, 65535, 1 << 20, 123456789, 1 << 40, math.MaxInt64} {
		middle := middleOf(bucketOf(value))
		if math.Abs(middle-float64(value)) > float64(value)/100 {
			t.Errorf("%d is in a bucket around %g", value, middle)
		}
	}
}

func TestQuantiles(t *testing.T) {
	var low, all histogram
	if got := all.quantile(0.5); got != 0 {
		t.Errorf("the median of nothing is %g", got)
	}
	for value := 1; value <= 100; value++ {
		low.record(time.Duration(value))
	}
	all.add(&low)
	for value := 101; value <= 200; value++ {
		all.record(time.Duration(value))
	}
	for share, want := range map[float64]float64{0: 1, 0.25: 51, 0.5: 101, 0.9: 181, 0.99: 199} {
		if got := all.quantile(share); math.Abs(got-want) > 1 {
			t.Errorf("quantile %g is %g, want %g", share, got, want)
		}
	}
}
