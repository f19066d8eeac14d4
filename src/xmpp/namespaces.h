// Namespace URIs, each with the specification that defines it. One place, so that a typing error is one error.
#pragma once
#include <string_view>

namespace aldis::ns {

// RFC 6120
inline constexpr std::string_view client = "jabber:client";
inline constexpr std::string_view server = "jabber:server";
inline constexpr std::string_view component_accept = "jabber:component:accept";             // XEP-0114
inline constexpr std::string_view streams = "http://etherx.jabber.org/streams";
inline constexpr std::string_view stream_errors = "urn:ietf:params:xml:ns:xmpp-streams";
inline constexpr std::string_view stanza_errors = "urn:ietf:params:xml:ns:xmpp-stanzas";
inline constexpr std::string_view tls = "urn:ietf:params:xml:ns:xmpp-tls";
inline constexpr std::string_view sasl = "urn:ietf:params:xml:ns:xmpp-sasl";
inline constexpr std::string_view bind = "urn:ietf:params:xml:ns:xmpp-bind";
inline constexpr std::string_view xml = "http://www.w3.org/XML/1998/namespace";
// RFC 3921 session establishment, kept as an optional no-op for old clients
inline constexpr std::string_view session = "urn:ietf:params:xml:ns:xmpp-session";
// RFC 6121
inline constexpr std::string_view roster = "jabber:iq:roster";
inline constexpr std::string_view roster_versioning = "urn:xmpp:features:rosterver";    // XEP-0237
inline constexpr std::string_view pre_approval = "urn:xmpp:features:pre-approval";
// XEPs
inline constexpr std::string_view forms = "jabber:x:data";                               // XEP-0004
inline constexpr std::string_view forms_published = "urn:xmpp:fdp:0";                         // XEP-0346
inline constexpr std::string_view form_validation = "http://jabber.org/protocol/xdata-validate";  // XEP-0122
inline constexpr std::string_view form_layout = "http://jabber.org/protocol/xdata-layout";        // XEP-0141
inline constexpr std::string_view last = "jabber:iq:last";                               // XEP-0012
inline constexpr std::string_view disco_info = "http://jabber.org/protocol/disco#info";  // XEP-0030
inline constexpr std::string_view disco_items = "http://jabber.org/protocol/disco#items";
inline constexpr std::string_view private_xml = "jabber:iq:private";                     // XEP-0049
inline constexpr std::string_view commands = "http://jabber.org/protocol/commands";      // XEP-0050
inline constexpr std::string_view vcard4 = "urn:ietf:params:xml:ns:vcard-4.0";             // XEP-0292
inline constexpr std::string_view vcard = "vcard-temp";                                  // XEP-0054
inline constexpr std::string_view rsm = "http://jabber.org/protocol/rsm";                // XEP-0059
inline constexpr std::string_view registration = "jabber:iq:register";                   // XEP-0077
inline constexpr std::string_view register_feature = "http://jabber.org/features/iq-register";
inline constexpr std::string_view version = "jabber:iq:version";                         // XEP-0092
inline constexpr std::string_view geoloc = "http://jabber.org/protocol/geoloc";          // XEP-0080
inline constexpr std::string_view addresses = "http://jabber.org/protocol/address";         // XEP-0033
inline constexpr std::string_view pubsub_filter = "urn:xmpp:pubsub-filter:0";                // XEP-0462
inline constexpr std::string_view bookmarks = "urn:xmpp:bookmarks:1";                        // XEP-0402
inline constexpr std::string_view private_bookmarks = "storage:bookmarks";                  // XEP-0048
inline constexpr std::string_view displayed = "urn:xmpp:mds:displayed:0";                   // XEP-0490
inline constexpr std::string_view caps = "http://jabber.org/protocol/caps";              // XEP-0115
inline constexpr std::string_view admin = "http://jabber.org/protocol/admin";            // XEP-0133
inline constexpr std::string_view server_info = "http://jabber.org/network/serverinfo";  // XEP-0157
inline constexpr std::string_view dialback = "jabber:server:dialback";                   // XEP-0220
inline constexpr std::string_view dialback_feature = "urn:xmpp:features:dialback";
inline constexpr std::string_view bidi = "urn:xmpp:bidi";                                // XEP-0288
inline constexpr std::string_view bidi_feature = "urn:xmpp:features:bidi";
inline constexpr std::string_view offline_feature = "msgoffline";                        // XEP-0160
inline constexpr std::string_view blocking = "urn:xmpp:blocking";                        // XEP-0191
inline constexpr std::string_view blocking_errors = "urn:xmpp:blocking:errors";
inline constexpr std::string_view ping = "urn:xmpp:ping";                                // XEP-0199
inline constexpr std::string_view time = "urn:xmpp:time";                                // XEP-0202
inline constexpr std::string_view delay = "urn:xmpp:delay";                              // XEP-0203
inline constexpr std::string_view hints = "urn:xmpp:hints";                              // XEP-0334
inline constexpr std::string_view stanza_ids = "urn:xmpp:sid:0";                         // XEP-0359
inline constexpr std::string_view csi = "urn:xmpp:csi:0";                                // XEP-0352
inline constexpr std::string_view stream_management = "urn:xmpp:sm:3";                   // XEP-0198
inline constexpr std::string_view bind2 = "urn:xmpp:bind:0";                             // XEP-0386
inline constexpr std::string_view sasl2 = "urn:xmpp:sasl:2";                             // XEP-0388
inline constexpr std::string_view sasl_upgrade = "urn:xmpp:sasl:upgrade:0";              // XEP-0480
inline constexpr std::string_view scram_upgrade = "urn:xmpp:scram-upgrade:0";
inline constexpr std::string_view fast = "urn:xmpp:fast:0";                              // XEP-0484
inline constexpr std::string_view domain_based_name = "urn:xmpp:domain-based-name:1";    // XEP-0233
inline constexpr std::string_view channel_bindings = "urn:xmpp:sasl-cb:0";               // XEP-0440
inline constexpr std::string_view scram_downgrade = "urn:xmpp:ssdp:0";                   // XEP-0474
inline constexpr std::string_view stream_limits = "urn:xmpp:stream-limits:0";            // XEP-0478
inline constexpr std::string_view carbons = "urn:xmpp:carbons:2";                        // XEP-0280
inline constexpr std::string_view carbons_rules = "urn:xmpp:carbons:rules:0";
inline constexpr std::string_view forward = "urn:xmpp:forward:0";                        // XEP-0297
inline constexpr std::string_view pubsub_attachments = "urn:xmpp:pubsub-attachments:1";                 // XEP-0470
inline constexpr std::string_view pubsub_attachments_summary = "urn:xmpp:pubsub-attachments:summary:1";
inline constexpr std::string_view pubsub_cap = "urn:xmpp:pubsub:cap:0";                            // XEP-0395
inline constexpr std::string_view pubsub_event = "http://jabber.org/protocol/pubsub#event";     // XEP-0060
inline constexpr std::string_view pubsub = "http://jabber.org/protocol/pubsub";                 // XEP-0060
inline constexpr std::string_view pubsub_owner = "http://jabber.org/protocol/pubsub#owner";
inline constexpr std::string_view pubsub_errors = "http://jabber.org/protocol/pubsub#errors";
inline constexpr std::string_view pubsub_node_config = "http://jabber.org/protocol/pubsub#node_config";
inline constexpr std::string_view pubsub_meta_data = "http://jabber.org/protocol/pubsub#meta-data";
inline constexpr std::string_view pubsub_subscribe_options = "http://jabber.org/protocol/pubsub#subscribe_options";
inline constexpr std::string_view pubsub_subscribe_authorization = "http://jabber.org/protocol/pubsub#subscribe_authorization";
inline constexpr std::string_view pubsub_get_pending = "http://jabber.org/protocol/pubsub#get-pending";
inline constexpr std::string_view shim = "http://jabber.org/protocol/shim";                     // XEP-0131
inline constexpr std::string_view atom = "http://www.w3.org/2005/Atom";                          // RFC 4287
inline constexpr std::string_view publish_options = "http://jabber.org/protocol/pubsub#publish-options";
inline constexpr std::string_view push = "urn:xmpp:push:0";                              // XEP-0357
inline constexpr std::string_view mam = "urn:xmpp:mam:2";                                // XEP-0313
inline constexpr std::string_view mam_extended = "urn:xmpp:mam:2#extended";
inline constexpr std::string_view mam_groupchat_field = "urn:xmpp:mam:2#groupchat-field";
inline constexpr std::string_view fulltext = "urn:xmpp:fulltext:0";                      // XEP-0431
inline constexpr std::string_view nick = "http://jabber.org/protocol/nick";              // XEP-0172
inline constexpr std::string_view chat_states = "http://jabber.org/protocol/chatstates"; // XEP-0085
inline constexpr std::string_view receipts = "urn:xmpp:receipts";                         // XEP-0184
inline constexpr std::string_view conference = "jabber:x:conference";                    // XEP-0249
inline constexpr std::string_view retraction = "urn:xmpp:message-retract:1";              // XEP-0424
inline constexpr std::string_view tombstones = "urn:xmpp:message-retract:1#tombstone";
inline constexpr std::string_view moderation = "urn:xmpp:message-moderate:1";            // XEP-0425
inline constexpr std::string_view chat_markers = "urn:xmpp:chat-markers:0";              // XEP-0333
inline constexpr std::string_view muc = "http://jabber.org/protocol/muc";                // XEP-0045
inline constexpr std::string_view muc_user = "http://jabber.org/protocol/muc#user";
inline constexpr std::string_view muc_admin = "http://jabber.org/protocol/muc#admin";
inline constexpr std::string_view muc_owner = "http://jabber.org/protocol/muc#owner";
inline constexpr std::string_view muc_register = "http://jabber.org/protocol/muc#register";
inline constexpr std::string_view muc_request = "http://jabber.org/protocol/muc#request";
inline constexpr std::string_view muc_roomconfig = "http://jabber.org/protocol/muc#roomconfig";
inline constexpr std::string_view muc_roominfo = "http://jabber.org/protocol/muc#roominfo";
inline constexpr std::string_view muc_stable_id = "http://jabber.org/protocol/muc#stable_id";
inline constexpr std::string_view muc_traffic = "http://jabber.org/protocol/muc#traffic";
inline constexpr std::string_view muc_self_ping = "http://jabber.org/protocol/muc#self-ping-optimization";   // XEP-0410
inline constexpr std::string_view muc_affiliations = "urn:xmpp:muc:affiliations:1";        // XEP-0463
inline constexpr std::string_view hats = "urn:xmpp:hats:0";                              // XEP-0317
inline constexpr std::string_view references = "urn:xmpp:reference:0";                     // XEP-0372
inline constexpr std::string_view channel_search = "urn:xmpp:channel-search:0:search";     // XEP-0433
inline constexpr std::string_view channel_search_params = "urn:xmpp:channel-search:0:search-params";
inline constexpr std::string_view channel_search_error = "urn:xmpp:channel-search:0:error";
inline constexpr std::string_view hats_commands = "urn:xmpp:hats:commands";
inline constexpr std::string_view occupant_id = "urn:xmpp:occupant-id:0";                // XEP-0421
inline constexpr std::string_view hops = "https://aldis.im/hops";                        // ours: core/hops.h

}  // namespace aldis::ns
