package main

import (
	"math"

	"gvisor.dev/gvisor/pkg/lisafs"
)

func addSockets(all *vectors) {
	for _, c := range []struct {
		label string
		req   lisafs.ConnectWithCredsReq
	}{
		{"zero", lisafs.ConnectWithCredsReq{}},
		{"stream", lisafs.ConnectWithCredsReq{ConnectReq: lisafs.ConnectReq{FD: 5, SockType: 1}, UID: 1000, GID: 100}},
		{"maximum", lisafs.ConnectWithCredsReq{
			ConnectReq: lisafs.ConnectReq{FD: maxFD, SockType: math.MaxUint32}, UID: lisafs.NoUID, GID: lisafs.NoGID - 1,
		}},
	} {
		all.request("connect", c.label, &c.req.ConnectReq, fields{"fd": unsigned(c.req.FD), "sockType": c.req.SockType})
		all.request("connectWithCreds", c.label, &c.req, fields{
			"fd": unsigned(c.req.FD), "sockType": c.req.SockType, "uid": c.req.UID, "gid": c.req.GID,
		})
	}
	all.reply("connect", "empty", &lisafs.ConnectResp{}, fields{})
	all.reply("connectWithCreds", "empty", &lisafs.ConnectResp{}, fields{})

	for _, l := range []struct {
		label string
		req   lisafs.ListenReq
	}{
		{"zero", lisafs.ListenReq{}},
		{"backlog", lisafs.ListenReq{FD: 5, Backlog: 128}},
		{"negative", lisafs.ListenReq{FD: 5, Backlog: -1}},
		{"maximum", lisafs.ListenReq{FD: maxFD, Backlog: math.MaxInt32}},
		{"minimum", lisafs.ListenReq{FD: 1 << 32, Backlog: math.MinInt32}},
	} {
		all.request("listen", l.label, &l.req, fields{"fd": unsigned(l.req.FD), "backlog": l.req.Backlog})
	}
	all.reply("listen", "empty", &lisafs.ListenResp{}, fields{})

	for _, fd := range []lisafs.FDID{0, 5, maxFD} {
		all.request("accept", unsigned(fd), &lisafs.AcceptReq{FD: fd}, fields{"fd": unsigned(fd)})
	}
	for _, address := range []string{"", "/run/peer.sock", "\x00abstract\xff"} {
		all.reply("accept", "address", &lisafs.AcceptResp{PeerAddr: lisafs.SizedString(address)},
			fields{"peerAddress": byteString(address)})
	}
}
