package main

import (
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/fdchannel"
	"gvisor.dev/gvisor/pkg/flipcall"
	"gvisor.dev/gvisor/pkg/lisafs"
)

const (
	socketHeaderBytes  = 8
	channelHeaderBytes = 4
	// replyBytesMax bounds what is read of one answer, whatever its header says.
	replyBytesMax = 1 << 22
)

// rawSocket makes its own frames.
type rawSocket struct {
	fd    int
	watch *watchdog
}

func newRawSocket(fd int, watch *watchdog) *rawSocket {
	if err := unix.SetNonblock(fd, false); err != nil {
		panic(err)
	}
	return &rawSocket{fd, watch}
}

func (w *rawSocket) close() { unix.Close(w.fd) }

func (w *rawSocket) call(m lisafs.MID, payload []byte) reply {
	return w.exchange(frame(uint32(len(payload)), m, payload))
}

// frame is a message with a header that may lie about the length.
func frame(claimedBytes uint32, m lisafs.MID, payload []byte) []byte {
	header := binary.LittleEndian.AppendUint32(nil, claimedBytes)
	header = binary.LittleEndian.AppendUint16(header, uint16(m))
	return append(append(header, 0, 0), payload...)
}

// exchange sends bytes and reads one answer.
func (w *rawSocket) exchange(sent []byte) (r reply) {
	if !w.send(sent) {
		return reply{lost: true}
	}
	return w.receive()
}

func (w *rawSocket) send(sent []byte) bool {
	ok := true
	w.watch.guard(func() {
		for len(sent) > 0 {
			n, err := unix.SendmsgN(w.fd, sent, nil, nil, unix.MSG_NOSIGNAL)
			if err == unix.EINTR {
				continue
			}
			if err != nil {
				ok = false
				return
			}
			sent = sent[n:]
		}
	})
	return ok
}

func (w *rawSocket) receive() (r reply) {
	w.watch.guard(func() {
		header, fds, ok := w.read(socketHeaderBytes)
		if !ok {
			r = reply{lost: true}
			return
		}
		payloadBytes := binary.LittleEndian.Uint32(header)
		if payloadBytes > replyBytesMax {
			r = reply{fds: fds, odd: fmt.Sprintf("an answer of %d bytes", payloadBytes)}
			return
		}
		payload, late, ok := w.read(int(payloadBytes))
		if !ok {
			r = reply{fds: fds, lost: true}
			return
		}
		r = parsed(lisafs.MID(binary.LittleEndian.Uint16(header[4:])), payload, fds)
		if len(late) > 0 {
			r.fds, r.odd = append(r.fds, late...), "descriptors behind the header"
		}
	})
	return r
}

func (w *rawSocket) read(size int) (got []byte, fds []int, ok bool) {
	buffer := make([]byte, size)
	control := make([]byte, unix.CmsgSpace(4*descriptorsMax))
	for at := 0; at < size; {
		n, controlBytes, _, _, err := unix.Recvmsg(w.fd, buffer[at:], control, unix.MSG_CMSG_CLOEXEC)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			return nil, fds, false
		}
		messages, _ := unix.ParseSocketControlMessage(control[:controlBytes])
		for i := range messages {
			rights, _ := unix.ParseUnixRights(&messages[i])
			fds = append(fds, rights...)
		}
		at += n
	}
	return buffer, fds, true
}

// parsed takes an error answer apart from a proper one.
func parsed(m lisafs.MID, payload []byte, fds []int) reply {
	if m != lisafs.Error {
		return reply{payload: payload, fds: fds}
	}
	if len(payload) < 4 {
		return reply{fds: fds, odd: fmt.Sprintf("an error answer of %d bytes", len(payload))}
	}
	r := reply{errno: unix.Errno(binary.LittleEndian.Uint32(payload)), fds: fds}
	if len(fds) > 0 || len(payload) != 4 {
		r.odd = fmt.Sprintf("an error answer of %d bytes with %d descriptors", len(payload), len(fds))
	}
	return r
}

// rawChannel makes its own frames in a channel's shared memory.
type rawChannel struct {
	socket *rawSocket
	data   flipcall.Endpoint
	fds    fdchannel.Endpoint
	dead   bool
}

func openRawChannel(socket *rawSocket) (*rawChannel, *reply) {
	answer := socket.call(lisafs.Channel, nil)
	if answer.lost || answer.errno != 0 || len(answer.fds) != 2 || len(answer.payload) < 16 {
		return nil, &answer
	}
	defer unix.Close(answer.fds[0])
	c := &rawChannel{socket: socket}
	window := flipcall.PacketWindowDescriptor{
		FD:     answer.fds[0],
		Offset: int64(binary.LittleEndian.Uint64(answer.payload)),
		Length: int(binary.LittleEndian.Uint64(answer.payload[8:])),
	}
	if err := c.data.Init(flipcall.ClientSide, window); err != nil {
		return nil, &reply{odd: fmt.Sprint(err)}
	}
	c.fds.Init(answer.fds[1])
	var err error
	socket.watch.guard(func() { err = c.data.Connect() })
	if err != nil {
		return nil, &reply{odd: fmt.Sprint(err)}
	}
	return c, nil
}

func (c *rawChannel) call(m lisafs.MID, payload []byte) reply {
	return c.exchange(m, 0, uint32(channelHeaderBytes+len(payload)), payload, answerTimeout)
}

// exchange sends one packet; its number of descriptors and its length may lie. It waits for the answer until the
// connection ends or its patience does.
func (c *rawChannel) exchange(m lisafs.MID, fdCount uint8, packetBytes uint32, payload []byte,
	patience time.Duration) reply {
	if c.dead {
		return reply{lost: true}
	}
	data := c.data.Data()
	if channelHeaderBytes+len(payload) > len(data) {
		return reply{odd: "does not fit into a channel"}
	}
	binary.LittleEndian.PutUint16(data, uint16(m))
	data[2], data[3] = fdCount, 0
	copy(data[channelHeaderBytes:], payload)
	// A channel has no end of file: something must end the wait when the connection ends.
	answered := make(chan struct{})
	var waiter sync.WaitGroup
	waiter.Go(func() { c.giveUpOnHangUp(answered, patience) })
	received, err := c.data.SendRecvFast(packetBytes)
	close(answered)
	waiter.Wait()
	if err != nil || received < channelHeaderBytes {
		c.dead = true
		return reply{lost: true}
	}
	data = c.data.Data()
	answer := lisafs.MID(binary.LittleEndian.Uint16(data))
	var fds []int
	for range data[2] {
		fd, err := c.fds.RecvFDNonblock()
		if err != nil {
			return reply{fds: fds, odd: fmt.Sprintf("%d descriptors promised: %v", data[2], err)}
		}
		fds = append(fds, fd)
	}
	return parsed(answer, append([]byte{}, data[channelHeaderBytes:received]...), fds)
}

// giveUpOnHangUp shuts the channel down unless an answer comes first.
func (c *rawChannel) giveUpOnHangUp(answered <-chan struct{}, patience time.Duration) {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		select {
		case <-answered:
			return
		case <-time.After(time.Millisecond):
		}
		if hungUp(c.socket.fd) {
			break
		}
	}
	c.data.Shutdown()
}

func (c *rawChannel) close() {
	c.fds.Destroy()
	c.data.Destroy()
	c.socket.close()
}
