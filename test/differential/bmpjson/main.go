// Command bmpjson decodes BMP with GoBGP's packet library, which shares no code with flowrib, for the differential test beside it.
//
// Standard input: one message a line, "FAMILIES WIDTH HEX": the families whose NLRI have path ids ("1/1,2/1", or "-"), the octets of an AS
// number in AS_PATH (GoBGP's library does not go by the A flag; told nothing, it refuses or misreads paths of 2-octet numbers), the message.
// Standard output: one line of JSON for each.
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"github.com/osrg/gobgp/v4/pkg/packet/bgp"
	"github.com/osrg/gobgp/v4/pkg/packet/bmp"
)

type peer struct {
	Type          uint8   `json:"type"`
	Flags         uint8   `json:"flags"`
	Distinguisher string  `json:"distinguisher"`
	Address       string  `json:"address"`
	As            uint32  `json:"as"`
	BgpID         string  `json:"bgpId"`
	Timestamp     float64 `json:"timestamp"`
}

type update struct {
	Withdrawn  []string       `json:"withdrawn"`
	Announced  []string       `json:"announced"`
	EndOfRib   string         `json:"endOfRib,omitempty"`
	Attributes map[string]any `json:"attributes"`
	// Next hop of MP_REACH_NLRI.
	MpNextHop string `json:"mpNextHop,omitempty"`
}

type open struct {
	As       uint32 `json:"as"`
	HoldTime uint16 `json:"holdTime"`
	BgpID    string `json:"bgpId"`
	// "afi/safi mode" each.
	AddPath  []string `json:"addPath"`
	Families []string `json:"families"`
}

type message struct {
	Type   uint8   `json:"type"`
	Peer   *peer   `json:"peer,omitempty"`
	Update *update `json:"update,omitempty"`
	// Of a Peer Up: sent and received.
	Opens        []open   `json:"opens,omitempty"`
	LocalAddress string   `json:"localAddress,omitempty"`
	Ports        []uint16 `json:"ports,omitempty"`
	Reason       *uint8   `json:"reason,omitempty"`
	// "type value" of each statistic.
	Statistics []string `json:"statistics,omitempty"`
	// "type value" of each information TLV.
	Information []string `json:"information,omitempty"`
	Error       string   `json:"error,omitempty"`
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), 1<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	encoder := json.NewEncoder(out)
	for in.Scan() {
		fields := strings.Fields(in.Text())
		if len(fields) != 3 {
			fmt.Fprintln(os.Stderr, "not FAMILIES WIDTH HEX:", in.Text())
			os.Exit(1)
		}
		data, err := hex.DecodeString(fields[2])
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if err := encoder.Encode(decode(data, fields[0], fields[1] == "2")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func decode(data []byte, families string, isTwoByte bool) message {
	msg, err := bmp.ParseBMPMessageWithOptions(data, func(h bmp.BMPPeerHeader) []*bgp.MarshallingOption {
		return []*bgp.MarshallingOption{{AddPath: addPathOf(families), Use2ByteAS: isTwoByte}}
	})
	result := message{}
	if err != nil {
		result.Error = err.Error()
	}
	if msg == nil {
		return result
	}
	result.Type = msg.Header.Type
	if msg.Header.Type != bmp.BMP_MSG_INITIATION && msg.Header.Type != bmp.BMP_MSG_TERMINATION {
		result.Peer = peerOf(&msg.PeerHeader)
	}
	switch body := msg.Body.(type) {
	case *bmp.BMPRouteMonitoring:
		if body.BGPUpdate != nil {
			if u, ok := body.BGPUpdate.Body.(*bgp.BGPUpdate); ok {
				result.Update = updateOf(u, families)
			}
		}
	case *bmp.BMPPeerUpNotification:
		result.LocalAddress = body.LocalAddress.String()
		result.Ports = []uint16{body.LocalPort, body.RemotePort}
		for _, m := range []*bgp.BGPMessage{body.SentOpenMsg, body.ReceivedOpenMsg} {
			result.Opens = append(result.Opens, openOf(m.Body.(*bgp.BGPOpen)))
		}
		result.Information = informationOf(body.Info)
	case *bmp.BMPInitiation:
		result.Information = informationOf(body.Info)
	case *bmp.BMPPeerDownNotification:
		result.Reason = &body.Reason
	case *bmp.BMPStatisticsReport:
		for _, s := range body.Stats {
			result.Statistics = append(result.Statistics, statisticOf(s))
		}
	}
	return result
}

func addPathOf(families string) map[bgp.Family]bgp.BGPAddPathMode {
	modes := map[bgp.Family]bgp.BGPAddPathMode{}
	if families == "-" {
		return modes
	}
	for _, text := range strings.Split(families, ",") {
		afi, safi, _ := strings.Cut(text, "/")
		a, _ := strconv.Atoi(afi)
		s, _ := strconv.Atoi(safi)
		modes[bgp.NewFamily(uint16(a), uint8(s))] = bgp.BGP_ADD_PATH_BOTH
	}
	return modes
}

func peerOf(h *bmp.BMPPeerHeader) *peer {
	address := ""
	if h.PeerAddress.IsValid() {
		address = h.PeerAddress.String()
	}
	return &peer{
		Type:          h.PeerType,
		Flags:         h.Flags,
		Distinguisher: fmt.Sprintf("%016x", h.PeerDistinguisher),
		Address:       address,
		As:            h.PeerAS,
		BgpID:         h.PeerBGPID.String(),
		Timestamp:     h.Timestamp,
	}
}

func updateOf(u *bgp.BGPUpdate, families string) *update {
	result := &update{Withdrawn: []string{}, Announced: []string{}, Attributes: map[string]any{}}
	result.Withdrawn = append(result.Withdrawn, nlriTexts(u.WithdrawnRoutes, 1, 1, families)...)
	for _, attribute := range u.PathAttributes {
		addAttribute(result, attribute, families)
	}
	result.Announced = append(result.Announced, nlriTexts(u.NLRI, 1, 1, families)...)
	if isEndOfRib, family := u.IsEndOfRib(); isEndOfRib {
		result.EndOfRib = fmt.Sprintf("%d/%d", family.Afi(), family.Safi())
	}
	return result
}

func addAttribute(result *update, attribute bgp.PathAttributeInterface, families string) {
	values := result.Attributes
	switch a := attribute.(type) {
	case *bgp.PathAttributeOrigin:
		values["origin"] = a.Value
	case *bgp.PathAttributeAsPath:
		values["asPath"] = asPathText(a.Value)
	case *bgp.PathAttributeAs4Path:
		values["as4Path"] = as4PathText(a.Value)
	case *bgp.PathAttributeNextHop:
		values["nextHop"] = a.Value.String()
	case *bgp.PathAttributeMultiExitDisc:
		values["med"] = a.Value
	case *bgp.PathAttributeLocalPref:
		values["localPref"] = a.Value
	case *bgp.PathAttributeOriginatorId:
		values["originatorId"] = a.Value.String()
	case *bgp.PathAttributeClusterList:
		values["clusterList"] = addressTexts(a.Value)
	case *bgp.PathAttributeCommunities:
		texts := []string{}
		for _, c := range a.Value {
			texts = append(texts, fmt.Sprintf("%d:%d", c>>16, c&0xffff))
		}
		values["communities"] = texts
	case *bgp.PathAttributeLargeCommunities:
		texts := []string{}
		for _, c := range a.Values {
			texts = append(texts, fmt.Sprintf("%d:%d:%d", c.ASN, c.LocalData1, c.LocalData2))
		}
		values["largeCommunities"] = texts
	case *bgp.PathAttributeExtendedCommunities:
		texts := []string{}
		for _, c := range a.Value {
			data, _ := c.Serialize()
			texts = append(texts, hex.EncodeToString(data))
		}
		values["extCommunities"] = texts
	case *bgp.PathAttributeMpReachNLRI:
		result.MpNextHop = a.Nexthop.String()
		if a.LinkLocalNexthop.IsValid() && !a.LinkLocalNexthop.IsUnspecified() {
			result.MpNextHop += " " + a.LinkLocalNexthop.String()
		}
		result.Announced = append(result.Announced, nlriTexts(a.Value, a.AFI, a.SAFI, families)...)
	case *bgp.PathAttributeMpUnreachNLRI:
		result.Withdrawn = append(result.Withdrawn, nlriTexts(a.Value, a.AFI, a.SAFI, families)...)
	}
}

// nlriTexts gives "afi/safi [RD] prefix [path id]"; EVPN routes of other types than 5 give nothing.
func nlriTexts(list []bgp.PathNLRI, afi uint16, safi uint8, families string) []string {
	_, hasPathID := addPathOf(families)[bgp.NewFamily(afi, safi)]
	texts := []string{}
	for _, item := range list {
		text := ""
		switch n := item.NLRI.(type) {
		case *bgp.IPAddrPrefix:
			text = n.Prefix.String()
		case *bgp.LabeledIPAddrPrefix:
			text = n.Prefix.String()
		case *bgp.LabeledVPNIPAddrPrefix:
			text = rdText(n.RD) + " " + n.Prefix.String()
		case *bgp.EVPNNLRI:
			route, ok := n.RouteTypeData.(*bgp.EVPNIPPrefixRoute)
			if !ok {
				continue
			}
			text = rdText(route.RD) + " " + netip.PrefixFrom(route.IPPrefix, int(route.IPPrefixLength)).String()
		default:
			// A family that flowrib counts only.
			continue
		}
		text = fmt.Sprintf("%d/%d %s", afi, safi, text)
		if hasPathID {
			text += fmt.Sprintf(" path %d", item.ID)
		}
		texts = append(texts, text)
	}
	return texts
}

func rdText(rd bgp.RouteDistinguisherInterface) string {
	data, _ := rd.Serialize()
	return hex.EncodeToString(data)
}

func asPathText(params []bgp.AsPathParamInterface) string {
	texts := []string{}
	for _, p := range params {
		texts = append(texts, segmentText(p.GetType(), p.GetAS()))
	}
	return strings.Join(texts, " ")
}

func as4PathText(params []*bgp.As4PathParam) string {
	texts := []string{}
	for _, p := range params {
		texts = append(texts, segmentText(p.Type, p.AS))
	}
	return strings.Join(texts, " ")
}

func segmentText(kind uint8, list []uint32) string {
	texts := make([]string, len(list))
	for i, as := range list {
		texts[i] = strconv.FormatUint(uint64(as), 10)
	}
	switch kind {
	case bgp.BGP_ASPATH_ATTR_TYPE_SET:
		return "{" + strings.Join(texts, ",") + "}"
	case bgp.BGP_ASPATH_ATTR_TYPE_CONFED_SEQ:
		return "(" + strings.Join(texts, " ") + ")"
	case bgp.BGP_ASPATH_ATTR_TYPE_CONFED_SET:
		return "[" + strings.Join(texts, ",") + "]"
	}
	return strings.Join(texts, " ")
}

func openOf(o *bgp.BGPOpen) open {
	result := open{As: uint32(o.MyAS), HoldTime: o.HoldTime, BgpID: o.ID.String(), AddPath: []string{}, Families: []string{}}
	for _, parameter := range o.OptParams {
		capabilities, ok := parameter.(*bgp.OptionParameterCapability)
		if !ok {
			continue
		}
		for _, capability := range capabilities.Capability {
			switch c := capability.(type) {
			case *bgp.CapFourOctetASNumber:
				result.As = c.CapValue
			case *bgp.CapMultiProtocol:
				result.Families = append(result.Families, fmt.Sprintf("%d/%d", c.CapValue.Afi(), c.CapValue.Safi()))
			case *bgp.CapAddPath:
				for _, t := range c.Tuples {
					result.AddPath = append(result.AddPath, fmt.Sprintf("%d/%d %d", t.Family.Afi(), t.Family.Safi(), t.Mode))
				}
			}
		}
	}
	return result
}

func informationOf(list []bmp.BMPInfoTLVInterface) []string {
	texts := []string{}
	for _, tlv := range list {
		if s, ok := tlv.(*bmp.BMPInfoTLVString); ok {
			texts = append(texts, fmt.Sprintf("%d %s", s.Type, s.Value))
		}
	}
	return texts
}

func statisticOf(s bmp.BMPStatsTLVInterface) string {
	switch t := s.(type) {
	case *bmp.BMPStatsTLV32:
		return fmt.Sprintf("%d %d", t.Type, t.Value)
	case *bmp.BMPStatsTLV64:
		return fmt.Sprintf("%d %d", t.Type, t.Value)
	case *bmp.BMPStatsTLVPerAfiSafi64:
		return fmt.Sprintf("%d %d/%d %d", t.Type, t.AFI, t.SAFI, t.Value)
	}
	return "other"
}

func addressTexts(list []netip.Addr) []string {
	texts := []string{}
	for _, a := range list {
		texts = append(texts, a.String())
	}
	return texts
}
