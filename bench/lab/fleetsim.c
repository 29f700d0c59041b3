/* fleetsim - a whole printer fleet behind one UDP socket, for load measurements on loopback.
 *
 *   gcc -O2 -Wall -o fleetsim fleetsim.c
 *   fleetsim -f printer.snmprec [-p 1161] [-n 127.20.0.0/16] [-e 50] [-l 20] [-d 5] [-V] [-m 1472] [-q]
 *
 *   -f FILE   table of the device, lines OID|TAG|VALUE (snmprec; tags 2 4 4x 5 6 64 64x 65 66 67 70).
 *             May be given up to 16 times: device number i uses file i modulo the number of files.
 *   -p PORT   UDP port (default 1161); bound to 0.0.0.0 or, with -b ADDR, to one address.
 *   -n NET    addresses that can be devices (default 127.20.0.0/16). Must be inside 127.0.0.0/8.
 *   -e N      every Nth address of NET answers: those with (address - base) % N == 1 % N (default 1: all).
 *   -l MS     latency: a request is answered MS milliseconds after it came (default 0).
 *   -d PCT    drop this share of requests at random (default 0; -s SEED fixes the sequence).
 *   -V        vary per address: prtGeneralSerialNumber, prtMarkerLifeCount and sysName differ by device.
 *   -m BYTES  largest response (default 1472): GETBULK is cut to it, GET gets tooBig.
 *   -c NAME   only answer this community (default: any).
 *   -1        devices speak SNMPv1 only.
 *   -T        note when the kernel got the first and the last request (span_us in the counters).
 *   -q        say nothing at start.
 *
 * Answers v1/v2c GET, GETNEXT, GETBULK. SIGUSR1 prints the counters and sets them to zero; they are
 * also printed at exit (SIGTERM, SIGINT). One line, key=value:
 *   rx requests received   nodev to an address without a device   bad not parsed or wrong community
 *   lost dropped on purpose   tx answers sent   vb varbinds answered   txbytes rxbytes UDP payload bytes
 *   kdrop dropped by the kernel because this socket's receive buffer was full
 *   span_us microseconds between the first and the last request, with -T; 0 without
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef SO_MEMINFO
#define SO_MEMINFO 55
#endif
#define BATCH 64
#define MAXPKT 2048          /* largest request read */
#define MAXOUT 65536
#define MAXSUB 128           /* sub-identifiers in an OID */
#define RING 65536           /* requests held back by -l */
#define MAXFILES 16
#define MAXREP 128           /* varbinds in one request */

typedef unsigned char u8;

/* ------------------------------------------------------------------ the table */
enum { VARY_NO, VARY_SERIAL, VARY_COUNT, VARY_NAME };
typedef struct {
    uint32_t sub[MAXSUB];
    int nsub;
    u8 *oid; int oidlen;     /* BER content of the OID */
    u8 *vb; int vblen;       /* whole encoded varbind, ready to copy */
    int vary, patch;         /* patch: offset in vb of the bytes that differ by device */
} Row;
typedef struct { Row *row; int n; int *hash; unsigned mask; } Table;
static Table tables[MAXFILES];
static int ntables;

static int put_len(u8 *p, int len) {
    if (len < 128) { p[0] = len; return 1; }
    if (len < 256) { p[0] = 0x81; p[1] = len; return 2; }
    p[0] = 0x82; p[1] = len >> 8; p[2] = len; return 3;
}
static int len_len(int len) { return len < 128 ? 1 : len < 256 ? 2 : 3; }

static int enc_oid(const uint32_t *s, int n, u8 *out) {
    int o = 0;
    for (int i = 1; i < n; i++) {
        uint64_t v = i == 1 ? (uint64_t)s[0] * 40 + s[1] : s[i];
        u8 t[6]; int k = 0;
        do { t[k++] = v & 127; v >>= 7; } while (v);
        while (k--) out[o++] = t[k] | (k ? 0x80 : 0);
    }
    return o;
}
static int dec_oid(const u8 *p, int len, uint32_t *s) {
    int n = 0; uint64_t v = 0;
    for (int i = 0; i < len; i++) {
        v = v << 7 | (p[i] & 127);
        if (p[i] & 128) continue;
        if (n + 2 > MAXSUB) return -1;
        if (!n) { s[0] = v < 80 ? v / 40 : 2; s[1] = v - s[0] * 40; n = 2; } else s[n++] = v;
        v = 0;
    }
    return n;
}
static int text_oid(const char *t, uint32_t *s) {
    int n = 0; char *e;
    while (*t && n < MAXSUB) {
        if (*t == '.') t++;
        s[n++] = strtoul(t, &e, 10);
        if (e == t) return -1;
        t = e;
    }
    return n;
}
static int cmp_sub(const uint32_t *a, int na, const uint32_t *b, int nb) {
    for (int i = 0; i < na && i < nb; i++)
        if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
    return na - nb;
}
static int cmp_row(const void *a, const void *b) {
    const Row *x = a, *y = b;
    return cmp_sub(x->sub, x->nsub, y->sub, y->nsub);
}
static unsigned hash_bytes(const u8 *p, int n) {
    unsigned h = 2166136261u;
    while (n--) h = (h ^ *p++) * 16777619u;
    return h ^ h >> 15;
}
static int enc_uint(u8 *out, uint64_t v) {
    u8 t[9]; int k = 0, o = 0;
    do { t[k++] = v; v >>= 8; } while (v);
    if (t[k - 1] & 0x80) t[k++] = 0;
    while (k--) out[o++] = t[k];
    return o;
}
static int enc_int(u8 *out, long v) {
    int n = 1;
    while (n < 8 && (v < -(1L << (8 * n - 1)) || v >= 1L << (8 * n - 1))) n++;
    for (int i = 0; i < n; i++) out[i] = v >> 8 * (n - 1 - i);
    return n;
}
static int unhex(const char *s, u8 *out) {
    int o = 0; unsigned v;
    while (s[0] && s[1] && sscanf(s, "%2x", &v) == 1) { out[o++] = v; s += 2; }
    return o;
}

static void load(const char *path, Table *t, int vary) {
    FILE *f = fopen(path, "r");
    if (!f) { perror(path); exit(2); }
    char *line = NULL; size_t cap = 0; ssize_t got; int room = 0;
    while ((got = getline(&line, &cap, f)) > 0) {
        while (got && (line[got - 1] == '\n' || line[got - 1] == '\r')) line[--got] = 0;
        char *tag = strchr(line, '|'), *val = tag ? strchr(tag + 1, '|') : NULL;
        if (!val || line[0] == '#') continue;
        *tag++ = 0; *val++ = 0;
        if (t->n == room) { room = room ? room * 2 : 512; t->row = realloc(t->row, room * sizeof(Row)); }
        Row *r = &t->row[t->n];
        memset(r, 0, sizeof *r);
        r->nsub = text_oid(line, r->sub);
        if (r->nsub < 2) continue;
        int type = atoi(tag), hex = !!strchr(tag, 'x');
        if (strchr(tag, ':')) continue;                 /* snmpsim variation modules: not supported */
        int vl = strlen(val);
        u8 *v = malloc(vl + 64);
        const char *o = line;
        if (vary && !strcmp(o, "1.3.6.1.2.1.43.5.1.1.17.1")) { r->vary = VARY_SERIAL; vl = sprintf((char *)v, "SN00000000"); }
        else if (vary && !strcmp(o, "1.3.6.1.2.1.1.5.0")) { r->vary = VARY_NAME; vl = sprintf((char *)v, "prn-00000000"); }
        else if (vary && !strcmp(o, "1.3.6.1.2.1.43.10.2.1.4.1.1")) { r->vary = VARY_COUNT; vl = 3; memcpy(v, "\1\0\0", 3); }
        else if (hex) vl = unhex(val, v);
        else switch (type) {
            case 2: vl = enc_int(v, atol(val)); break;
            case 65: case 66: case 67: case 70: vl = enc_uint(v, strtoull(val, NULL, 10)); break;
            case 6: { uint32_t s[MAXSUB]; int n = text_oid(val, s); if (n < 2) { s[0] = s[1] = 0; n = 2; } vl = enc_oid(s, n, v); break; }
            case 64: { struct in_addr a; if (inet_pton(AF_INET, val, &a) != 1) a.s_addr = 0; memcpy(v, &a, 4); vl = 4; break; }
            case 5: vl = 0; break;
            default: memcpy(v, val, vl);
        }
        u8 ob[MAXSUB * 5];
        r->oidlen = enc_oid(r->sub, r->nsub, ob);
        int ol = 1 + len_len(r->oidlen) + r->oidlen, tl = 1 + len_len(vl) + vl;
        r->vb = malloc(ol + tl + 4);
        u8 *p = r->vb;
        *p++ = 0x30; p += put_len(p, ol + tl);
        *p++ = 6; p += put_len(p, r->oidlen);
        r->oid = p; memcpy(p, ob, r->oidlen); p += r->oidlen;
        *p++ = type; p += put_len(p, vl);
        r->patch = p - r->vb + (r->vary == VARY_SERIAL ? 2 : r->vary == VARY_NAME ? 4 : 0);
        memcpy(p, v, vl); p += vl;
        r->vblen = p - r->vb;
        free(v);
        t->n++;
    }
    free(line); fclose(f);
    if (!t->n) { fprintf(stderr, "%s: no rows\n", path); exit(2); }
    qsort(t->row, t->n, sizeof(Row), cmp_row);
    for (t->mask = 1024; (int)t->mask < 4 * t->n; t->mask *= 2) ;
    t->hash = calloc(t->mask, sizeof(int));
    t->mask--;
    for (int i = 0; i < t->n; i++) {
        unsigned h = hash_bytes(t->row[i].oid, t->row[i].oidlen) & t->mask;
        while (t->hash[h]) h = (h + 1) & t->mask;
        t->hash[h] = i + 1;
    }
}
static int find_exact(const Table *t, const u8 *oid, int len) {
    unsigned h = hash_bytes(oid, len) & t->mask;
    for (; t->hash[h]; h = (h + 1) & t->mask) {
        const Row *r = &t->row[t->hash[h] - 1];
        if (r->oidlen == len && !memcmp(r->oid, oid, len)) return t->hash[h] - 1;
    }
    return -1;
}
static int find_next(const Table *t, const u8 *oid, int len) {      /* index of the first row after oid, or n */
    int i = find_exact(t, oid, len);
    if (i >= 0) return i + 1;
    uint32_t s[MAXSUB]; int n = dec_oid(oid, len, s), lo = 0, hi = t->n;
    if (n < 0) return t->n;
    while (lo < hi) {
        int mid = (lo + hi) / 2;
        if (cmp_sub(t->row[mid].sub, t->row[mid].nsub, s, n) <= 0) lo = mid + 1; else hi = mid;
    }
    return lo;
}

/* ------------------------------------------------------------------ one request */
static unsigned long c_rx, c_nodev, c_bad, c_lost, c_tx, c_vb, c_txb, c_rxb;
static int maxout = 1472, v1only;
static const char *community;
static time_t started;
static uint64_t first_ns, last_ns;  /* of the requests, as the kernel stamped them */

static int tlv(const u8 **p, const u8 *end, int tag, const u8 **val) {   /* length of the content, or -1 */
    const u8 *q = *p;
    if (end - q < 2 || (tag >= 0 && q[0] != tag)) return -1;
    int len = q[1]; q += 2;
    if (len & 0x80) {
        int k = len & 0x7f; len = 0;
        if (k < 1 || k > 3 || end - q < k) return -1;
        while (k--) len = len << 8 | *q++;
    }
    if (end - q < len) return -1;
    *val = q; *p = q + len;
    return len;
}
static long get_int(const u8 *p, int n) {
    long v = n && (p[0] & 0x80) ? -1 : 0;
    while (n--) v = v << 8 | *p++;
    return v;
}
static int put_row(u8 *o, const Row *r, uint32_t dev) {
    memcpy(o, r->vb, r->vblen);
    if (r->vary) {
        u8 *p = o + r->patch; uint32_t h = dev * 2654435761u;
        if (r->vary == VARY_COUNT) {
            uint32_t v = 65536 + h % 1000000 + (time(NULL) - started) / 60;
            p[0] = v >> 16; p[1] = v >> 8; p[2] = v;
        } else
            for (int i = 0; i < 8; i++) p[i] = "0123456789ABCDEF"[dev >> (28 - 4 * i) & 15];
    }
    return r->vblen;
}
static int put_exc(u8 *o, const u8 *oid, int len, int exc) {             /* OID with an exception value */
    u8 *p = o; int ol = 1 + len_len(len) + len;
    *p++ = 0x30; p += put_len(p, ol + 2);
    *p++ = 6; p += put_len(p, len);
    memcpy(p, oid, len); p += len;
    *p++ = exc; *p++ = 0;
    return p - o;
}

/* Builds the answer to pkt in out; returns its length, or 0 for none. */
static int answer(const Table *t, uint32_t dev, const u8 *pkt, int n, u8 *out) {
    const u8 *p = pkt, *end = pkt + n, *v, *com, *rid, *pdu, *list;
    int len, comlen, ridlen, pdulen, listlen;
    if ((len = tlv(&p, end, 0x30, &v)) < 0) return 0;
    p = v; end = v + len;
    if ((len = tlv(&p, end, 2, &v)) < 0) return 0;
    long version = get_int(v, len);
    if (version > 1 || (v1only && version)) return 0;
    if ((comlen = tlv(&p, end, 4, &com)) < 0) return 0;
    if (community && ((int)strlen(community) != comlen || memcmp(community, com, comlen))) return 0;
    if (p >= end) return 0;
    int type = *p;
    if ((pdulen = tlv(&p, end, -1, &pdu)) < 0) return 0;
    p = pdu; end = pdu + pdulen;
    if ((ridlen = tlv(&p, end, 2, &rid)) < 0) return 0;
    if ((len = tlv(&p, end, 2, &v)) < 0) return 0;
    long a = get_int(v, len);
    if ((len = tlv(&p, end, 2, &v)) < 0) return 0;
    long b = get_int(v, len);
    if ((listlen = tlv(&p, end, 0x30, &list)) < 0) return 0;
    p = list; end = list + listlen;

    const u8 *oid[MAXREP]; int olen[MAXREP], nv = 0;
    while (p < end && nv < MAXREP) {
        const u8 *q;
        if ((len = tlv(&p, end, 0x30, &v)) < 0) return 0;
        q = v;
        if ((olen[nv] = tlv(&q, v + len, 6, &oid[nv])) < 0) return 0;
        nv++;
    }
    /* The headers take comlen + ridlen + at most 30 bytes. */
    int room = maxout - comlen - ridlen - 30, o = 0, err = 0, idx = 0, count = 0;
    static u8 body[MAXOUT + MAXPKT];
    if (type == 0xA0 || type == 0xA1) {
        for (int i = 0; i < nv && !err; i++) {
            int k = type == 0xA0 ? find_exact(t, oid[i], olen[i]) : find_next(t, oid[i], olen[i]);
            if (k >= 0 && k < t->n) o += put_row(body + o, &t->row[k], dev);
            else if (!version) { err = 2; idx = i + 1; }
            else o += put_exc(body + o, oid[i], olen[i], type == 0xA1 ? 0x82 : 0x81);
            if (o > room) { err = 1; idx = 0; }
            count++;
        }
    } else if (type == 0xA5 && version) {
        int nonrep = a < 0 ? 0 : a > nv ? nv : a, rep = b < 0 ? 0 : b, cur[MAXREP], full = 0;
        for (int i = 0; i < nonrep && !full; i++) {
            int k = find_next(t, oid[i], olen[i]);
            int w = k < t->n ? put_row(body + o, &t->row[k], dev) : put_exc(body + o, oid[i], olen[i], 0x82);
            if (o + w > room) full = 1; else { o += w; count++; }
        }
        for (int i = nonrep; i < nv; i++) cur[i] = find_next(t, oid[i], olen[i]);
        for (int r = 0; r < rep && !full && nv > nonrep; r++) {
            int live = 0;
            for (int i = nonrep; i < nv && !full; i++) {
                int w;
                if (cur[i] < t->n) { w = put_row(body + o, &t->row[cur[i]], dev); live = 1; }
                else {      /* the OID in an endOfMibView is the one that was asked for: the last row, or the request's */
                    const u8 *q = r ? t->row[t->n - 1].oid : oid[i];
                    w = put_exc(body + o, q, r ? t->row[t->n - 1].oidlen : olen[i], 0x82);
                }
                if (o + w > room) { full = 1; break; }
                o += w; count++; cur[i] += cur[i] < t->n;
            }
            if (!live) break;
        }
        if (!count && nv && full) err = 1;
    } else if (type == 0xA3) { err = version ? 17 : 2; idx = 1; }
    else return 0;
    if (err) {
        if (err == 1 && version) o = 0;                     /* v2: tooBig with an empty list */
        else { if (listlen > maxout) return 0; memcpy(body, list, listlen); o = listlen; }
        count = 0;
    }
    c_vb += count;
    u8 *w = out, ib[2]; ib[0] = err; ib[1] = idx;
    int ll = 1 + len_len(o) + o, pl = 2 + ridlen + 3 + 3 + ll;
    int ml = 3 + 1 + len_len(comlen) + comlen + 1 + len_len(pl) + pl;
    *w++ = 0x30; w += put_len(w, ml);
    *w++ = 2; *w++ = 1; *w++ = version;
    *w++ = 4; w += put_len(w, comlen); memcpy(w, com, comlen); w += comlen;
    *w++ = 0xA2; w += put_len(w, pl);
    *w++ = 2; *w++ = ridlen; memcpy(w, rid, ridlen); w += ridlen;
    *w++ = 2; *w++ = 1; *w++ = ib[0];
    *w++ = 2; *w++ = 1; *w++ = ib[1];
    *w++ = 0x30; w += put_len(w, o); memcpy(w, body, o); w += o;
    return w - out;
}

/* ------------------------------------------------------------------ the socket */
static int sock;
static volatile sig_atomic_t want_print, want_stop;
static void on_signal(int s) { if (s == SIGUSR1) want_print = 1; else want_stop = 1; }

static void print_counters(void) {
    static uint32_t before; uint32_t mi[16] = {0}; socklen_t l = sizeof mi;
    getsockopt(sock, SOL_SOCKET, SO_MEMINFO, mi, &l);
    printf("rx=%lu nodev=%lu bad=%lu lost=%lu tx=%lu vb=%lu txbytes=%lu rxbytes=%lu kdrop=%u span_us=%lu\n",
           c_rx, c_nodev, c_bad, c_lost, c_tx, c_vb, c_txb, c_rxb, mi[8] - before,
           (unsigned long)((last_ns - first_ns) / 1000));
    fflush(stdout);
    before = mi[8];
    c_rx = c_nodev = c_bad = c_lost = c_tx = c_vb = c_txb = c_rxb = 0;
    first_ns = last_ns = 0;
}
static uint64_t now_ns(void) {
    struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ull + t.tv_nsec;
}
static uint64_t rng = 88172645463325252ull;
static uint32_t rnd(void) { rng ^= rng << 13; rng ^= rng >> 7; rng ^= rng << 17; return rng >> 32; }

typedef struct { uint64_t due; struct sockaddr_in peer; uint32_t dev; int len; u8 data[MAXPKT]; } Held;

static struct mmsghdr om[BATCH];
static struct iovec oiov[BATCH];
static u8 obuf[BATCH][MAXOUT];
static struct sockaddr_in opeer[BATCH];
static char octl[BATCH][CMSG_SPACE(sizeof(struct in_pktinfo))];
static int nout;

static void flush_out(void) {
    for (int i = 0; i < nout;) {
        int k = sendmmsg(sock, om + i, nout - i, 0);
        if (k < 0) { if (errno == EINTR || errno == EAGAIN) continue; i++; continue; }
        i += k;
    }
    nout = 0;
}
static void handle(uint32_t base, uint32_t dev, struct sockaddr_in *peer, const u8 *d, int n) {
    const Table *t = ntables == 1 ? tables : &tables[(dev - base) % ntables];
    int len = answer(t, dev, d, n, obuf[nout]);
    if (!len) { c_bad++; return; }
    opeer[nout] = *peer;
    oiov[nout].iov_base = obuf[nout]; oiov[nout].iov_len = len;
    struct msghdr *h = &om[nout].msg_hdr;
    h->msg_name = &opeer[nout]; h->msg_namelen = sizeof *peer;
    h->msg_iov = &oiov[nout]; h->msg_iovlen = 1;
    h->msg_control = octl[nout]; h->msg_controllen = sizeof octl[nout];
    struct cmsghdr *c = CMSG_FIRSTHDR(h);
    c->cmsg_level = IPPROTO_IP; c->cmsg_type = IP_PKTINFO; c->cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo));
    struct in_pktinfo *pi = (struct in_pktinfo *)CMSG_DATA(c);
    memset(pi, 0, sizeof *pi);
    pi->ipi_spec_dst.s_addr = htonl(dev);
    c_tx++; c_txb += len;
    if (++nout == BATCH) flush_out();
}

int main(int argc, char **argv) {
    int port = 1161, every = 1, quiet = 0, vary = 0, stamp = 0, o; double lat = 0, drop = 0;
    const char *files[MAXFILES]; char net[64] = "127.20.0.0/16"; const char *bindto = "0.0.0.0";
    while ((o = getopt(argc, argv, "f:p:n:e:l:d:Vm:c:1qTs:b:")) > 0) switch (o) {
        case 'f': if (ntables < MAXFILES) files[ntables++] = optarg; break;
        case 'p': port = atoi(optarg); break;
        case 'n': snprintf(net, sizeof net, "%s", optarg); break;
        case 'e': every = atoi(optarg) < 1 ? 1 : atoi(optarg); break;
        case 'l': lat = atof(optarg); break;
        case 'd': drop = atof(optarg); break;
        case 'V': vary = 1; break;
        case 'm': maxout = atoi(optarg); break;
        case 'c': community = optarg; break;
        case '1': v1only = 1; break;
        case 'q': quiet = 1; break;
        case 'T': stamp = 1; break;
        case 's': rng ^= strtoull(optarg, NULL, 10) * 2685821657736338717ull; break;
        case 'b': bindto = optarg; break;
        default: fprintf(stderr, "see the comment at the top of fleetsim.c\n"); return 2;
    }
    if (!ntables || maxout < 484 || maxout > 65000) { fprintf(stderr, "fleetsim: -f FILE is needed; -m is 484 to 65000\n"); return 2; }
    for (int i = 0; i < ntables; i++) load(files[i], &tables[i], vary);
    char *slash = strchr(net, '/'); int bits = slash ? atoi(slash + 1) : 32;
    if (slash) *slash = 0;
    struct in_addr na;
    if (inet_pton(AF_INET, net, &na) != 1 || (ntohl(na.s_addr) >> 24) != 127 || bits < 8 || bits > 32) {
        fprintf(stderr, "fleetsim: -n must be inside 127.0.0.0/8\n"); return 2; }
    uint32_t mask = bits == 32 ? ~0u : ~(~0u >> bits), base = ntohl(na.s_addr) & mask;
    uint32_t dropmax = drop / 100 * 4294967295.0;
    uint64_t delay = lat * 1e6;

    sock = socket(AF_INET, SOCK_DGRAM, 0);
    int big = 64 << 20, one = 1;
    if (setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof big)) setsockopt(sock, SOL_SOCKET, SO_RCVBUF, &big, sizeof big);
    if (setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &big, sizeof big)) setsockopt(sock, SOL_SOCKET, SO_SNDBUF, &big, sizeof big);
    setsockopt(sock, IPPROTO_IP, IP_PKTINFO, &one, sizeof one);
    if (stamp) setsockopt(sock, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one);
    struct timeval tick = { 0, 100000 };                       /* a signal just before recvmmsg is seen 0.1 s later */
    setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &tick, sizeof tick);
    struct sockaddr_in me = { .sin_family = AF_INET, .sin_port = htons(port) };
    if (inet_pton(AF_INET, bindto, &me.sin_addr) != 1 || bind(sock, (void *)&me, sizeof me)) { perror("bind"); return 1; }
    struct sigaction sa = { .sa_handler = on_signal };
    sigaction(SIGUSR1, &sa, NULL); sigaction(SIGTERM, &sa, NULL); sigaction(SIGINT, &sa, NULL);
    started = time(NULL);
    if (!quiet) { printf("ready port=%d net=%s/%d every=%d rows=%d\n", port, net, bits, every, tables[0].n); fflush(stdout); }

    static struct mmsghdr im[BATCH]; static struct iovec iiov[BATCH]; static u8 ibuf[BATCH][MAXPKT];
    static struct sockaddr_in ipeer[BATCH]; static char ictl[BATCH][128];
    Held *ring = delay ? calloc(RING, sizeof(Held)) : NULL;
    unsigned head = 0, tail = 0;
    while (!want_stop) {
        if (want_print) { want_print = 0; print_counters(); }
        if (delay) {
            struct pollfd pf = { sock, POLLIN, 0 };
            struct timespec ts = { 0, 100000000 }; uint64_t now = now_ns();
            if (head != tail) { uint64_t due = ring[tail % RING].due; ts.tv_nsec = due > now ? due - now : 0; if (ts.tv_nsec > 999999999) ts.tv_nsec = 999999999; }
            if (ts.tv_nsec) ppoll(&pf, 1, &ts, NULL);
            for (now = now_ns(); head != tail && ring[tail % RING].due <= now; tail++) {
                Held *h = &ring[tail % RING];
                handle(base, h->dev, &h->peer, h->data, h->len);
            }
            if (nout) flush_out();
        }
        for (int i = 0; i < BATCH; i++) {
            iiov[i].iov_base = ibuf[i]; iiov[i].iov_len = MAXPKT;
            struct msghdr *h = &im[i].msg_hdr;
            h->msg_name = &ipeer[i]; h->msg_namelen = sizeof ipeer[i];
            h->msg_iov = &iiov[i]; h->msg_iovlen = 1;
            h->msg_control = ictl[i]; h->msg_controllen = sizeof ictl[i];
        }
        int n = recvmmsg(sock, im, BATCH, delay ? MSG_DONTWAIT : MSG_WAITFORONE, NULL);
        if (n < 0) continue;                                   /* EINTR, EAGAIN */
        uint64_t due = delay ? now_ns() + delay : 0;
        for (int i = 0; i < n; i++) {
            uint32_t dst = 0;
            for (struct cmsghdr *c = CMSG_FIRSTHDR(&im[i].msg_hdr); c; c = CMSG_NXTHDR(&im[i].msg_hdr, c)) {
                if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO)
                    dst = ntohl(((struct in_pktinfo *)CMSG_DATA(c))->ipi_addr.s_addr);
                if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
                    struct timespec *at = (struct timespec *)CMSG_DATA(c);
                    last_ns = at->tv_sec * 1000000000ull + at->tv_nsec;
                    if (!first_ns) first_ns = last_ns;
                }
            }
            c_rx++; c_rxb += im[i].msg_len;
            if ((dst & mask) != base || (dst - base) % every != 1u % every) { c_nodev++; continue; }
            if (dropmax && rnd() < dropmax) { c_lost++; continue; }
            if (!delay) { handle(base, dst, &ipeer[i], ibuf[i], im[i].msg_len); continue; }
            if (head - tail >= RING) { c_lost++; continue; }
            Held *h = &ring[head++ % RING];
            h->due = due; h->peer = ipeer[i]; h->dev = dst; h->len = im[i].msg_len;
            memcpy(h->data, ibuf[i], h->len);
        }
        if (nout) flush_out();
    }
    print_counters();
    return 0;
}
